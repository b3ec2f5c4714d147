package io.confluent.connect.elasticsearch;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.Config;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.sink.SinkConnector;

/**
 * A stand-in for Confluent's sink, which no package registry carries: the same class name, configuration keys, document ids and errors,
 * for the keys that the lab's tests use. Its version says so.
 */
public class ElasticsearchSinkConnector extends SinkConnector {
    private Map<String, String> properties;

    @Override
    public String version() {
        return Line.version();
    }

    @Override
    public void start(Map<String, String> props) {
        properties = props;
        try {
            new SinkConfig(props);
        } catch (ConfigException e) {
            throw new ConnectException("Couldn't start ElasticsearchSinkConnector due to configuration error", e);
        }
    }

    @Override
    public Class<? extends Task> taskClass() {
        return ElasticsearchSinkTask.class;
    }

    @Override
    public List<Map<String, String>> taskConfigs(int maxTasks) {
        return Collections.nCopies(maxTasks, properties);
    }

    @Override
    public Config validate(Map<String, String> props) {
        Config result = super.validate(props);
        return Line.typeless() ? new ConnectionValidator(props).validate(result) : result;
    }

    @Override
    public void stop() {
    }

    @Override
    public ConfigDef config() {
        return SinkConfig.DEFINITION;
    }
}
