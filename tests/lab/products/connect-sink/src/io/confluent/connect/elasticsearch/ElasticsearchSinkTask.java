package io.confluent.connect.elasticsearch;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTask;

/** Writes what the worker hands over before it returns, so that the worker commits only offsets of indexed records. */
public class ElasticsearchSinkTask extends SinkTask {
    private final JsonConverter converter = new JsonConverter();
    private final Set<String> indices = new HashSet<>();
    private SinkConfig config;
    private ElasticsearchClient client;
    private BulkWriter writer;

    @Override
    public String version() {
        return Line.version();
    }

    @Override
    public void start(Map<String, String> props) {
        try {
            config = new SinkConfig(props);
        } catch (ConfigException e) {
            throw new ConnectException("Couldn't start ElasticsearchSinkTask due to configuration error:", e);
        }
        converter.configure(Collections.singletonMap("schemas.enable", "false"), false);
        client = new ElasticsearchClient(config);
        writer = new BulkWriter(config, client, new RejectedRecords(context));
    }

    @Override
    public void open(Collection<TopicPartition> partitions) {
        // before 11.0 the index is there as soon as the task has a partition, later with the first record
        if (!Line.typeless()) {
            partitions.forEach(partition -> ensureIndex(partition.topic()));
        }
    }

    @Override
    public void put(Collection<SinkRecord> records) {
        List<BulkAction> batch = new ArrayList<>();
        for (SinkRecord record : records) {
            if (record.value() == null && !deletes(record)) {
                continue;
            }
            ensureIndex(record.topic());
            batch.add(new BulkAction(config, converter, record));
            if (batch.size() == config.getInt(SinkConfig.BATCH_SIZE)) {
                writer.write(batch);
                batch.clear();
            }
        }
        if (!batch.isEmpty()) {
            writer.write(batch);
        }
    }

    private boolean deletes(SinkRecord record) {
        switch (config.onNullValue()) {
            case "fail":
                throw new DataException(String.format(
                    "Record with key of %s and null value encountered for topic/partition/offset %s/%s/%s (to ignore future records like this change the configuration property '%s' from 'fail' to 'ignore')",
                    record.key(), record.topic(), record.kafkaPartition(), record.kafkaOffset(), SinkConfig.NULL_VALUES));
            case "delete":
                return record.key() != null;
            default:
                return false;
        }
    }

    private void ensureIndex(String topic) {
        String index = config.index(topic);
        if (indices.contains(index)) {
            return;
        }
        try {
            client.ensureIndex(index);
        } catch (IOException e) {
            throw new ConnectException("Could not create index '" + index + "'", e);
        }
        indices.add(index);
    }

    @Override
    public void stop() {
    }
}
