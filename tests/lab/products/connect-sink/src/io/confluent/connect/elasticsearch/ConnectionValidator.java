package io.confluent.connect.elasticsearch;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Map;
import org.apache.kafka.common.config.Config;
import org.apache.kafka.common.config.ConfigValue;

/** What the lines since 11.0 do when a configuration is validated or put: they ask Elasticsearch. Not for the keys themselves. */
final class ConnectionValidator {
    private final Map<String, String> properties;

    ConnectionValidator(Map<String, String> properties) {
        this.properties = properties;
    }

    Config validate(Config result) {
        boolean sound = result.configValues().stream().allMatch(value -> value.errorMessages().isEmpty());
        if (!sound) {
            return result;
        }
        SinkConfig config = new SinkConfig(properties);
        if ((config.getString(SinkConfig.USERNAME) == null) != (config.getPassword(SinkConfig.PASSWORD) == null)) {
            String message = String.format("Both '%s' and '%s' must be set.", SinkConfig.USERNAME, SinkConfig.PASSWORD);
            complain(result, SinkConfig.USERNAME, message);
            complain(result, SinkConfig.PASSWORD, message);
            return result;
        }
        ask(result, new ElasticsearchClient(config));
        return result;
    }

    private static void ask(Config result, ElasticsearchClient client) {
        try {
            checkVersion(result, client.json("GET", "/", null));
        } catch (ElasticsearchClient.StatusException e) {
            complain(result, SinkConfig.URLS, e.status == 401 || e.status == 403
                ? String.format("Could not authenticate the user. Check the '%s' and '%s'. Error message: %s", SinkConfig.USERNAME, SinkConfig.PASSWORD, e.getMessage())
                : "Could not connect to Elasticsearch. Error message: " + e.getMessage());
        } catch (IOException e) {
            String cause = "java.util.concurrent.ExecutionException: " + e;
            complain(result, SinkConfig.URLS, "Could not connect to Elasticsearch. Error message: " + cause);
            complain(result, SinkConfig.URLS, "Could not initialize the Elasticsearch client. This may indicate the cluster is unreachable "
                + "or there is a transient infrastructure issue: " + cause);
        }
    }

    private static void checkVersion(Config result, JsonNode root) {
        String version = root.path("version").path("number").asText("0");
        if (Integer.parseInt(version.split("\\.")[0]) < 7) {
            complain(result, SinkConfig.URLS, String.format(
                "Connector version %s is not compatible with Elasticsearch version %s. Elasticsearch version must be at least 7.0.0.",
                Line.version(), version));
        }
    }

    private static void complain(Config result, String key, String message) {
        for (ConfigValue value : result.configValues()) {
            if (value.name().equals(key)) {
                value.addErrorMessage(message);
            }
        }
    }
}
