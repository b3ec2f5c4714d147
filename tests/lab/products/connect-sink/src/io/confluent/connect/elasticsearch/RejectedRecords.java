package io.confluent.connect.elasticsearch;

import java.lang.reflect.Method;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTaskContext;

/** Hands rejected records to the worker's dead-letter topic. Workers before 2.6 have no such call, so it is looked up. */
final class RejectedRecords {
    private final Object reporter;

    RejectedRecords(SinkTaskContext context) {
        reporter = Line.typeless() ? reporterOf(context) : null;
    }

    private static Object reporterOf(SinkTaskContext context) {
        try {
            return SinkTaskContext.class.getMethod("errantRecordReporter").invoke(context);
        } catch (NoSuchMethodException e) {
            return null;
        } catch (ReflectiveOperationException e) {
            throw new ConnectException("The worker's dead-letter reporter cannot be had", e);
        }
    }

    void report(SinkRecord record, Throwable why) {
        if (reporter == null) {
            return;
        }
        try {
            Method report = Class.forName("org.apache.kafka.connect.sink.ErrantRecordReporter").getMethod("report", SinkRecord.class, Throwable.class);
            report.invoke(reporter, record, why);
        } catch (ReflectiveOperationException e) {
            throw new ConnectException("The record could not be reported to the dead-letter topic", e);
        }
    }
}
