package org.logstash;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A stand-in for Logstash, which no registry carries: options, configuration test and monitoring API. It moves no messages. */
public final class Logstash {
    private final Map<String, String> settings = new HashMap<>();
    private boolean test;

    public static void main(String[] args) throws Exception {
        System.exit(new Logstash().run(args));
    }

    private int run(String[] args) throws Exception {
        settings.put("path.settings", "/etc/logstash");
        options(args);
        if (settings.containsKey("version")) {
            System.out.println("logstash " + Version.NUMBER);
            return 0;
        }
        yaml(Paths.get(settings.get("path.settings"), "logstash.yml"));
        options(args); // what was given on the command line wins
        try {
            ConfigParser.check(configuration());
        } catch (ConfigParser.Invalid e) {
            log("FATAL", "logstash.runner", "The given configuration is invalid. Reason: " + e.getMessage());
            return 1;
        }
        if (test || "true".equals(settings.get("config.test_and_exit"))) {
            System.out.println("Configuration OK");
            log("INFO", "logstash.runner", "Using config.test_and_exit mode. Config Validation Result: OK. Exiting Logstash");
            return 0;
        }
        serve();
        return 0;
    }

    private void options(String[] args) {
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "-t":
                case "--config.test_and_exit":
                    test = true;
                    break;
                case "-V":
                case "--version":
                    settings.put("version", "");
                    break;
                case "-f":
                    settings.put("path.config", args[++i]);
                    break;
                case "-e":
                    settings.put("config.string", args[++i]);
                    break;
                case "--path.settings":
                case "--path.config":
                case "--path.data":
                case "--path.logs":
                    settings.put(args[i].substring(2), args[++i]);
                    break;
                default:
                    System.err.println("ERROR: Unrecognised option '" + args[i] + "'\n\nSee: 'bin/logstash --help'");
                    System.exit(1);
            }
        }
    }

    private void yaml(Path file) throws IOException {
        for (String line : Files.readAllLines(file)) {
            int colon = line.indexOf(": ");
            if (!line.startsWith("#") && colon > 0) {
                settings.put(line.substring(0, colon).trim(), line.substring(colon + 2).trim().replaceAll("^\"|\"$", ""));
            }
        }
    }

    /** All files of path.config, in the order of their names, as one text. */
    private String configuration() throws IOException, ConfigParser.Invalid {
        if (settings.containsKey("config.string")) {
            return settings.get("config.string");
        }
        String pattern = settings.getOrDefault("path.config", "/etc/logstash/conf.d/*.conf");
        Path path = Paths.get(pattern);
        List<Path> files = new ArrayList<>();
        if (Files.isDirectory(path)) {
            list(path, "*", files);
        } else if (pattern.contains("*")) {
            list(path.getParent(), path.getFileName().toString(), files);
        } else {
            files.add(path);
        }
        Collections.sort(files);
        StringBuilder text = new StringBuilder();
        for (Path file : files) {
            text.append(new String(Files.readAllBytes(file), StandardCharsets.UTF_8)).append('\n');
        }
        if (files.isEmpty()) {
            throw new ConfigParser.Invalid("No config files found in path " + pattern);
        }
        return text.toString();
    }

    private static void list(Path folder, String pattern, List<Path> files) throws IOException {
        try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, pattern)) {
            found.forEach(files::add);
        }
    }

    private void serve() throws Exception {
        int port = Integer.parseInt(settings.getOrDefault("http.port", "9600").split("-")[0]);
        NodeApi api = new NodeApi(InetAddress.getByName(settings.getOrDefault("http.host", "127.0.0.1")), port);
        api.start();
        log("WARN", "logstash.runner", "lab-stand-in: this Logstash moves no messages");
        log("INFO", "logstash.pipeline", "Pipeline main started");
        log("INFO", "logstash.agent", "Successfully started Logstash API endpoint {:port=>" + port + "}");
        Thread.currentThread().join();
    }

    private static void log(String level, String logger, String message) {
        System.out.println("[" + java.time.LocalDateTime.now().withNano(0) + "][" + level + "][" + logger + "] " + message);
    }
}
