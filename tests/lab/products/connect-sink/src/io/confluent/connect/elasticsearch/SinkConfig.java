package io.confluent.connect.elasticsearch;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Range;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigDef.ValidString;
import org.apache.kafka.common.config.ConfigException;

/** The configuration keys of Confluent's sink that this one obeys; as with Confluent's, others only cause a warning. */
final class SinkConfig extends AbstractConfig {
    static final String URLS = "connection.url";
    static final String USERNAME = "connection.username";
    static final String PASSWORD = "connection.password";
    static final String CONNECT_TIMEOUT = "connection.timeout.ms";
    static final String READ_TIMEOUT = "read.timeout.ms";
    static final String BATCH_SIZE = "batch.size";
    static final String MAX_RETRIES = "max.retries";
    static final String RETRY_BACKOFF = "retry.backoff.ms";
    static final String KEY_IGNORE = "key.ignore";
    static final String SCHEMA_IGNORE = "schema.ignore";
    static final String TYPE_NAME = "type.name";
    static final String TOPIC_INDEX_MAP = "topic.index.map";
    static final String MALFORMED = "behavior.on.malformed.documents";
    static final String NULL_VALUES = "behavior.on.null.values";
    static final ConfigDef DEFINITION = definition();

    SinkConfig(Map<String, String> properties) {
        super(DEFINITION, properties);
    }

    private static ConfigDef definition() {
        ConfigDef keys = new ConfigDef()
            .define(URLS, Type.LIST, ConfigDef.NO_DEFAULT_VALUE, SinkConfig::checkUrls, Importance.HIGH, "URLs of Elasticsearch nodes.")
            .define(USERNAME, Type.STRING, null, Importance.MEDIUM, "User for basic authentication.")
            .define(PASSWORD, Type.PASSWORD, null, Importance.MEDIUM, "Password for basic authentication.")
            .define(CONNECT_TIMEOUT, Type.INT, 1000, Range.atLeast(0), Importance.LOW, "Time to connect, in ms.")
            .define(READ_TIMEOUT, Type.INT, 3000, Range.atLeast(0), Importance.LOW, "Time to wait for an answer, in ms.")
            .define(BATCH_SIZE, Type.INT, 2000, Range.between(1, 1000000), Importance.MEDIUM, "Records in one bulk request.")
            .define(MAX_RETRIES, Type.INT, 5, Range.atLeast(0), Importance.LOW, "Retries of a failed request.")
            .define(RETRY_BACKOFF, Type.LONG, 100, Range.atLeast(0), Importance.LOW, "Wait before the first retry, in ms; it doubles.")
            .define(KEY_IGNORE, Type.BOOLEAN, false, Importance.HIGH, "Use topic+partition+offset as document id, not the key.")
            .define(SCHEMA_IGNORE, Type.BOOLEAN, false, Importance.LOW, "Take records without a schema.");
        return Line.typeless() ? sinceEleven(keys) : beforeEleven(keys);
    }

    private static ConfigDef sinceEleven(ConfigDef keys) {
        return keys
            .define(MALFORMED, Type.STRING, "fail", ValidString.in("ignore", "warn", "fail"), Importance.LOW, "On documents that Elasticsearch rejects.")
            .define(NULL_VALUES, Type.STRING, "fail", ValidString.in("ignore", "delete", "fail"), Importance.LOW, "On records without a value.");
    }

    private static ConfigDef beforeEleven(ConfigDef keys) {
        return keys
            .define(TYPE_NAME, Type.STRING, Importance.HIGH, "Document type.")
            .define(TOPIC_INDEX_MAP, Type.LIST, "", Importance.LOW, "topic:index pairs.");
    }

    private static void checkUrls(String name, Object value) {
        if (value == null) {
            throw new ConfigException(name, null, "The config must be provided and non-null.");
        }
        for (Object url : (List<?>) value) {
            try {
                if (new URI((String) url).getHost() == null) {
                    throw new URISyntaxException((String) url, "no host");
                }
            } catch (URISyntaxException e) {
                throw new ConfigException(name, value, "The provided url '" + url + "' is not a valid url.");
            }
        }
    }

    /** The index of a topic: its name in lower case since 11.0, before as it is or as mapped. */
    String index(String topic) {
        if (Line.typeless()) {
            return topic.toLowerCase(java.util.Locale.ROOT);
        }
        for (String pair : getList(TOPIC_INDEX_MAP)) {
            if (pair.startsWith(topic + ":")) {
                return pair.substring(topic.length() + 1);
            }
        }
        return topic;
    }

    /** What to do with a record without a value; before 11.0 it is left out. */
    String onNullValue() {
        return Line.typeless() ? getString(NULL_VALUES) : "ignore";
    }

    /** What to do with a rejected document; 4.0 knows no other way than to fail. */
    String onMalformed() {
        return Line.typeless() ? getString(MALFORMED) : "fail";
    }
}
