// Drives the unmodified com.posthog:posthog-server of Maven Central; see
// ../README.md.

import com.google.gson.Gson;
import com.posthog.server.PostHog;
import com.posthog.server.PostHogCaptureOptions;
import com.posthog.server.PostHogConfig;
import com.posthog.server.PostHogInterface;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Map;

public class Driver {
    static class Operation {
        String op, id, anon, alias, event, type, key;
        Map<String, Object> set, properties;
        Map<String, String> groups;
    }

    static void run(PostHogInterface client, Operation o) {
        PostHogCaptureOptions.Builder options = PostHogCaptureOptions.builder();
        switch (o.op) {
            case "capture":
                options.properties(o.properties);
                if (o.groups != null) {
                    options.groups(o.groups);
                }
                client.capture(o.id, o.event, options.build());
                break;
            case "identify":
                options.property("$anon_distinct_id", o.anon);
                client.capture(o.id, "$identify", options.build());
                client.identify(o.id, o.set);
                break;
            case "set":
                client.capture(o.id, "$set", options.userProperties(o.set).build());
                break;
            case "alias":
                client.alias(o.id, o.alias);
                break;
            case "group":
                client.group(o.id, o.type, o.key, o.set);
                break;
            case "flush":
                client.flush();
                break;
            default:
                throw new IllegalArgumentException(o.op);
        }
    }

    public static void main(String[] args) throws Exception {
        PostHogInterface client = PostHog.with(PostHogConfig.builder(args[1])
                .host(args[0]).flushAt(10).flushIntervalSeconds(1)
                .preloadFeatureFlags(false).remoteConfig(false).build());
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        Gson gson = new Gson();
        for (String line; (line = in.readLine()) != null;) {
            run(client, gson.fromJson(line, Operation.class));
            System.out.println("ok");
        }
        client.flush();
        client.close();
        System.exit(0); // its threads would keep the process
    }
}
