package org.logstash;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

/** The monitoring API on port 9600, in the shape of its line: 5.x has one pipeline, 6.x names them. */
final class NodeApi {
    private static final String EVENTS = "\"events\":{\"duration_in_millis\":0,\"in\":0,\"filtered\":0,\"out\":0}";
    private static final String PIPELINE = "{" + EVENTS + ",\"plugins\":{\"inputs\":[],\"filters\":[],\"outputs\":[]},"
        + "\"reloads\":{\"last_error\":null,\"successes\":0,\"failures\":0},\"queue\":{\"type\":\"memory\"}}";
    private final HttpServer server;
    private final String node;

    NodeApi(InetAddress address, int port) throws IOException {
        server = HttpServer.create(new InetSocketAddress(address, port), 0);
        String host = InetAddress.getLocalHost().getHostName();
        node = "\"host\":\"" + host + "\",\"version\":\"" + Version.NUMBER + "\",\"http_address\":\"" + address.getHostAddress() + ":" + port
            + "\",\"id\":\"lab-stand-in\",\"name\":\"" + host + "\"";
        server.createContext("/", this::answer);
    }

    void start() {
        server.start();
    }

    private void answer(HttpExchange exchange) throws IOException {
        String body = body(exchange.getRequestURI().getPath().replaceAll("/$", ""));
        int status = body == null ? 404 : 200;
        byte[] bytes = (body == null ? "{\"path\":\"" + exchange.getRequestURI().getPath() + "\",\"status\":404,\"error\":{\"message\":\"Not Found\"}}" : body)
            .getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private String body(String path) {
        boolean five = Version.NUMBER.startsWith("5.");
        String pipelines = five ? "\"pipeline\":" + PIPELINE : "\"pipelines\":{\"main\":" + PIPELINE + "}";
        switch (path) {
            case "":
                return "{" + node + ",\"build_date\":\"2017-07-14T00:00:00+00:00\",\"build_sha\":\"lab-stand-in\",\"build_snapshot\":false}";
            case "/_node/stats":
                return "{" + node + "," + pipelines + "}";
            case "/_node/stats/pipeline":
                return five ? "{" + node + "," + pipelines + "}" : null;
            case "/_node/stats/pipelines":
                return five ? null : "{" + node + "," + pipelines + "}";
            case "/_node/pipeline":
                return five ? "{" + node + ",\"pipeline\":{\"workers\":2,\"batch_size\":125,\"batch_delay\":5}}" : null;
            case "/_node/pipelines":
                return five ? null : "{" + node + ",\"pipelines\":{\"main\":{\"workers\":2,\"batch_size\":125,\"batch_delay\":50}}}";
            default:
                return null;
        }
    }
}
