package io.confluent.connect.elasticsearch;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** Which version of Confluent's sink this build stands in for, and how that line behaves. */
final class Line {
    private static final String RELEASE = release();

    private Line() {
    }

    /** What the worker reports: never to be taken for the real one. */
    static String version() {
        return RELEASE + "-lab-stand-in";
    }

    /** Since 11.0: no document types, Elasticsearch is asked when a configuration is validated, rejected documents are reported. */
    static boolean typeless() {
        return Integer.parseInt(RELEASE.substring(0, RELEASE.indexOf('.'))) >= 11;
    }

    private static String release() {
        try (InputStream in = Line.class.getResourceAsStream("version.properties")) {
            Properties properties = new Properties();
            properties.load(in);
            return properties.getProperty("version");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
