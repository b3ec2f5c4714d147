package io.confluent.connect.elasticsearch;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.kafka.connect.errors.ConnectException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes bulk requests: retries what may pass, applies the policy for rejected documents, fails the task with Confluent's words. */
final class BulkWriter {
    private static final Logger LOG = LoggerFactory.getLogger(BulkWriter.class);
    private static final Set<String> MALFORMED = new HashSet<>(Arrays.asList(
        "strict_dynamic_mapping_exception", "mapper_parsing_exception", "illegal_argument_exception",
        "action_request_validation_exception", "document_parsing_exception"));

    private final SinkConfig config;
    private final ElasticsearchClient client;
    private final RejectedRecords rejected;

    BulkWriter(SinkConfig config, ElasticsearchClient client, RejectedRecords rejected) {
        this.config = config;
        this.client = client;
        this.rejected = rejected;
    }

    void write(List<BulkAction> actions) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        actions.forEach(action -> action.write(body));
        JsonNode items = send(body.toByteArray()).path("items");
        for (int i = 0; i < items.size(); i++) {
            JsonNode outcome = items.get(i).elements().next();
            if (outcome.has("error")) {
                judge(actions.get(i), outcome);
            }
        }
    }

    private JsonNode send(byte[] body) {
        int attempts = config.getInt(SinkConfig.MAX_RETRIES) + 1;
        for (int attempt = 1; ; attempt++) {
            try {
                return client.json("POST", "/_bulk", body);
            } catch (IOException e) {
                if (attempt == attempts || !mayPass(e)) {
                    throw new ConnectException("Failed to execute bulk request due to '" + e + "' after " + attempt + " attempt(s)", e);
                }
                LOG.warn("Failed to execute bulk request due to {}. Retrying attempt ({}/{})", e, attempt, attempts);
                pause(attempt);
            }
        }
    }

    private static boolean mayPass(IOException e) {
        if (!(e instanceof ElasticsearchClient.StatusException)) {
            return true;
        }
        int status = ((ElasticsearchClient.StatusException) e).status;
        return status == 429 || status >= 500;
    }

    private void pause(int attempt) {
        long longest = config.getLong(SinkConfig.RETRY_BACKOFF) << Math.min(attempt - 1, 20);
        try {
            Thread.sleep(ThreadLocalRandom.current().nextLong(longest + 1));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ConnectException("Interrupted between two attempts", e);
        }
    }

    private void judge(BulkAction action, JsonNode outcome) {
        String type = outcome.path("error").path("type").asText();
        // an older offset of the same key lost against a newer one: as it should be
        if (type.equals("version_conflict_engine_exception")) {
            return;
        }
        ConnectException failure = new ConnectException("Indexing record failed.", new Throwable(outcome.path("error").toString()));
        rejected.report(action.record, failure);
        if (!MALFORMED.contains(type) || config.onMalformed().equals("fail")) {
            throw failure;
        }
        if (config.onMalformed().equals("warn")) {
            LOG.warn("Encountered an illegal document error '{}'. Ignoring and will not index record with topic {}, partition {}, offset {}.",
                outcome.path("error"), action.record.topic(), action.record.kafkaPartition(), action.record.kafkaOffset());
        }
    }
}
