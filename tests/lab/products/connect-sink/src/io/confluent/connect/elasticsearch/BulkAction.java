package io.confluent.connect.elasticsearch;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;

/** One record as an action of a bulk request: its document id and its lines. */
final class BulkAction {
    final SinkRecord record;
    private final byte[] document;
    private final ObjectNode head = JsonNodeFactory.instance.objectNode();

    BulkAction(SinkConfig config, JsonConverter converter, SinkRecord record) {
        this.record = record;
        boolean delete = record.value() == null;
        if (!delete && record.valueSchema() == null && !config.getBoolean(SinkConfig.SCHEMA_IGNORE)) {
            throw new DataException("Cannot infer mapping without schema.");
        }
        document = delete ? null : converter.fromConnectData(record.topic(), record.valueSchema(), record.value());
        boolean ignoreKey = config.getBoolean(SinkConfig.KEY_IGNORE);
        ObjectNode target = head.putObject(delete ? "delete" : "index");
        target.put("_index", config.index(record.topic()));
        target.put("_id", ignoreKey ? position() : key());
        if (!Line.typeless()) {
            target.put("_type", config.getString(SinkConfig.TYPE_NAME));
        }
        if (!ignoreKey) {
            target.put("version", record.kafkaOffset());
            target.put("version_type", "external");
        }
    }

    /** Where the record lies in Kafka: the same record always becomes the same document. */
    private String position() {
        return record.topic() + "+" + record.kafkaPartition() + "+" + record.kafkaOffset();
    }

    private String key() {
        Object key = record.key();
        if (key == null) {
            throw new DataException("Key is used as document id and can not be null.");
        }
        if (key instanceof String || key instanceof Number && !(key instanceof Float || key instanceof Double)) {
            return key.toString();
        }
        throw new DataException(key.getClass().getName() + " is not supported as the document id.");
    }

    void write(ByteArrayOutputStream body) {
        line(body, head.toString().getBytes(StandardCharsets.UTF_8));
        if (document != null) {
            line(body, document);
        }
    }

    private static void line(ByteArrayOutputStream body, byte[] bytes) {
        body.write(bytes, 0, bytes.length);
        body.write('\n');
    }
}
