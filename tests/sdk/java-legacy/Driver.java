// Drives the unmodified com.posthog.java:posthog of Maven Central; see
// ../README.md.

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.posthog.java.HttpSender;
import com.posthog.java.PostHog;
import com.posthog.java.QueueManager;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

public class Driver {
    static class Operation {
        String op, id, anon, alias, event, type, key;
        Map<String, Object> set, properties, groups;
    }

    static void run(PostHog client, Operation o) {
        Map<String, Object> properties = new HashMap<>();
        switch (o.op) {
            case "capture":
                properties.putAll(o.properties);
                if (o.groups != null) {
                    properties.put("$groups", o.groups);
                }
                client.capture(o.id, o.event, properties);
                break;
            case "identify":
                properties.put("$anon_distinct_id", o.anon);
                client.capture(o.id, "$identify", properties);
                client.identify(o.id, o.set);
                break;
            case "set":
                client.set(o.id, o.set);
                break;
            case "alias":
                client.alias(o.id, o.alias);
                break;
            case "group": // has no call of its own
                properties.put("$group_type", o.type);
                properties.put("$group_key", o.key);
                properties.put("$group_set", o.set);
                client.capture(o.id, "$groupidentify", properties);
                break;
            case "flush": // there is none: it sends every second
                break;
            default:
                throw new IllegalArgumentException(o.op);
        }
    }

    public static void main(String[] args) throws Exception {
        Gson gson = new Gson();
        JsonObject options = gson.fromJson(args[2], JsonObject.class);
        HttpSender.Builder sender = new HttpSender.Builder(args[1]).host(args[0]);
        if (options.has("max_retries")) {
            sender.maxRetries(options.get("max_retries").getAsInt());
        }
        if (options.has("initial_retry_ms")) {
            sender.initialRetryInterval(
                    Duration.ofMillis(options.get("initial_retry_ms").getAsInt()));
        }
        QueueManager queue = new QueueManager.Builder(sender.build())
                .maxQueueSize(10).maxTimeInQueue(Duration.ofMillis(500)).build();
        PostHog client = new PostHog.BuilderWithCustomQueueManager(queue).build();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null;) {
            run(client, gson.fromJson(line, Operation.class));
            System.out.println("ok");
        }
        client.shutdown();
        System.exit(0); // its HTTP client's threads would keep the process
    }
}
