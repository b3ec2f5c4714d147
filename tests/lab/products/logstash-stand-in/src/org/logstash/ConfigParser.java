package org.logstash;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads a pipeline configuration in Logstash's language and refuses what Logstash refuses, with its words. Runs nothing. */
final class ConfigParser {
    /** Why a configuration is invalid. */
    static final class Invalid extends Exception {
        Invalid(String message) {
            super(message);
        }
    }

    private static final Map<String, Set<String>> PLUGINS = plugins();
    private final String text;
    private int at;

    private ConfigParser(String text) {
        this.text = text;
    }

    private static Map<String, Set<String>> plugins() {
        Map<String, Set<String>> known = new HashMap<>();
        known.put("input", new HashSet<>(Arrays.asList("rabbitmq", "kafka", "stdin", "file", "beats", "tcp", "udp", "http", "heartbeat", "generator")));
        known.put("filter", new HashSet<>(Arrays.asList("mutate", "json", "date", "grok", "ruby", "drop", "kv", "uuid", "fingerprint", "prune", "split")));
        known.put("output", new HashSet<>(Arrays.asList("kafka", "elasticsearch", "stdout", "file", "null", "rabbitmq", "tcp", "http")));
        return known;
    }

    static void check(String text) throws Invalid {
        ConfigParser parser = new ConfigParser(text);
        parser.skip();
        do {
            parser.section();
        } while (parser.at < text.length());
    }

    private void section() throws Invalid {
        int start = at;
        String kind = word();
        if (!PLUGINS.containsKey(kind)) {
            at = start;
            throw expected("#, input, filter, output");
        }
        take("{");
        plugins(kind);
    }

    private void plugins(String kind) throws Invalid {
        while (!accept("}")) {
            String name = word();
            if (name.equals("if")) {
                conditional(kind);
            } else if (name.isEmpty()) {
                throw expected("#, if, }");
            } else {
                plugin(kind, name);
            }
        }
    }

    private void conditional(String kind) throws Invalid {
        condition();
        plugins(kind);
        while (word("else")) {
            if (word("if")) {
                condition();
            } else {
                take("{");
            }
            plugins(kind);
        }
    }

    private void condition() throws Invalid {
        while (at < text.length() && text.charAt(at) != '{') {
            if (text.charAt(at) == '"' || text.charAt(at) == '\'') {
                string();
            } else {
                at++;
            }
        }
        take("{");
    }

    private void plugin(String kind, String name) throws Invalid {
        take("{");
        if (!PLUGINS.get(kind).contains(name)) {
            throw new Invalid("Couldn't find any " + kind + " plugin named '" + name + "'. Are you sure this is correct? Trying to load the "
                + name + " " + kind + " plugin resulted in this error: Problems loading the requested plugin named " + name + " of type " + kind
                + ". Error: NameError NameError");
        }
        while (!accept("}")) {
            if (at < text.length() && (text.charAt(at) == '"' || text.charAt(at) == '\'')) {
                string();
            } else if (word().isEmpty()) {
                throw expected("#, }");
            }
            take("=>");
            value();
        }
    }

    private void value() throws Invalid {
        if (accept("[")) {
            list();
        } else if (accept("{")) {
            hash();
        } else if (at < text.length() && (text.charAt(at) == '"' || text.charAt(at) == '\'')) {
            string();
        } else if (!number() && word().isEmpty()) {
            throw expected("#, \", ', -, [, {");
        } else {
            // a codec may have options of its own
            if (accept("{")) {
                settings();
            }
        }
    }

    private void settings() throws Invalid {
        while (!accept("}")) {
            if (word().isEmpty()) {
                throw expected("#, }");
            }
            take("=>");
            value();
        }
    }

    private void list() throws Invalid {
        while (!accept("]")) {
            value();
            accept(",");
        }
    }

    private void hash() throws Invalid {
        while (!accept("}")) {
            value();
            take("=>");
            value();
        }
    }

    private boolean number() {
        int start = at;
        while (at < text.length() && "-.0123456789".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        boolean found = at > start;
        skip();
        return found;
    }

    private void string() throws Invalid {
        char quote = text.charAt(at);
        int end = at + 1;
        while (end < text.length() && text.charAt(end) != quote) {
            end += text.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= text.length()) {
            at = text.length();
            throw expected("\\\", " + quote);
        }
        at = end + 1;
        skip();
    }

    private String word() {
        int start = at;
        while (at < text.length() && (Character.isLetterOrDigit(text.charAt(at)) || text.charAt(at) == '_' || text.charAt(at) == '-' && at > start)) {
            at++;
        }
        String word = text.substring(start, at);
        skip();
        return word;
    }

    private boolean word(String wanted) {
        int start = at;
        if (word().equals(wanted)) {
            return true;
        }
        at = start;
        return false;
    }

    private void take(String token) throws Invalid {
        if (!accept(token)) {
            throw expected("#, " + token);
        }
    }

    private boolean accept(String token) {
        boolean found = text.startsWith(token, at);
        if (found) {
            at += token.length();
            skip();
        }
        return found;
    }

    private void skip() {
        while (at < text.length()) {
            if (text.charAt(at) == '#') {
                int end = text.indexOf('\n', at);
                at = end < 0 ? text.length() : end;
            } else if (Character.isWhitespace(text.charAt(at))) {
                at++;
            } else {
                return;
            }
        }
    }

    private Invalid expected(String what) {
        List<String> lines = new ArrayList<>(Arrays.asList(text.substring(0, Math.min(at, text.length())).split("\n", -1)));
        String last = lines.get(lines.size() - 1);
        return new Invalid("Expected one of " + what + " at line " + lines.size() + ", column " + (last.length() + 1) + " (byte " + (at + 1) + ") after "
            + text.substring(0, Math.min(at, text.length())));
    }
}
