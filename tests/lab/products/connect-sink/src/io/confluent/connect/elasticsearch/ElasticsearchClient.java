package io.confluent.connect.elasticsearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.apache.kafka.common.config.types.Password;

/** HTTP to one of the configured nodes, the next one when a node does not answer. No retries: they belong to the task. */
final class ElasticsearchClient {
    /** An answer that is not 2xx. */
    static final class StatusException extends IOException {
        final int status;

        StatusException(int status, String message) {
            super(message);
            this.status = status;
        }
    }

    private static final ObjectMapper JSON = new ObjectMapper();
    private final List<String> urls;
    private final int connectTimeout;
    private final int readTimeout;
    private final String authorization;

    ElasticsearchClient(SinkConfig config) {
        urls = config.getList(SinkConfig.URLS);
        connectTimeout = config.getInt(SinkConfig.CONNECT_TIMEOUT);
        readTimeout = config.getInt(SinkConfig.READ_TIMEOUT);
        authorization = basic(config.getString(SinkConfig.USERNAME), config.getPassword(SinkConfig.PASSWORD));
    }

    private static String basic(String user, Password password) {
        if (user == null || password == null) {
            return null;
        }
        byte[] pair = (user + ":" + password.value()).getBytes(StandardCharsets.UTF_8);
        return "Basic " + Base64.getEncoder().encodeToString(pair);
    }

    /** Makes the index unless it is there. */
    void ensureIndex(String index) throws IOException {
        try {
            request("HEAD", "/" + index, null);
        } catch (StatusException e) {
            if (e.status != 404) {
                throw e;
            }
            create(index);
        }
    }

    private void create(String index) throws IOException {
        try {
            request("PUT", "/" + index, null);
        } catch (StatusException e) {
            // another task may have been first
            if (!e.getMessage().contains("already_exists_exception")) {
                throw e;
            }
        }
    }

    JsonNode json(String method, String path, byte[] body) throws IOException {
        return JSON.readTree(request(method, path, body));
    }

    private byte[] request(String method, String path, byte[] body) throws IOException {
        IOException last = null;
        for (String url : urls) {
            try {
                return request(new URL(url.replaceAll("/+$", "") + path), method, body);
            } catch (StatusException e) {
                throw e;
            } catch (IOException e) {
                last = e;
            }
        }
        throw last;
    }

    private byte[] request(URL url, String method, byte[] body) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) url.openConnection();
        connection.setRequestMethod(method);
        connection.setConnectTimeout(connectTimeout);
        connection.setReadTimeout(readTimeout);
        if (authorization != null) {
            connection.setRequestProperty("Authorization", authorization);
        }
        if (body != null) {
            connection.setRequestProperty("Content-Type", "application/x-ndjson");
            connection.setDoOutput(true);
            try (OutputStream out = connection.getOutputStream()) {
                out.write(body);
            }
        }
        int status = connection.getResponseCode();
        byte[] answer = read(status < 400 ? connection.getInputStream() : connection.getErrorStream());
        if (status < 200 || status > 299) {
            throw new StatusException(status, "HTTP " + status + " " + new String(answer, StandardCharsets.UTF_8));
        }
        return answer;
    }

    private static byte[] read(InputStream stream) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        if (stream == null) {
            return all.toByteArray();
        }
        try (InputStream in = stream) {
            byte[] part = new byte[8192];
            for (int n = in.read(part); n >= 0; n = in.read(part)) {
                all.write(part, 0, n);
            }
        }
        return all.toByteArray();
    }
}
