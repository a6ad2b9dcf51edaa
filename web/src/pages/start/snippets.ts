// How each SDK is told where to send. The versions that Sluice is tested with are in
// docs/sdks.md.
export interface Snippet {
	id: string;
	name: string;
	/** How the SDK is installed; none: nothing to install. */
	install?: string;
	/** The code that sends one event. */
	code: string;
	note?: string;
}

const EVENT = "first event";

function web(url: string, key: string): Snippet {
	return {
		id: "web",
		name: "Web page",
		install: "npm install posthog-js",
		code: `import posthog from "posthog-js";

posthog.init("${key}", {
  api_host: "${url}",
  person_profiles: "identified_only",
});
posthog.capture("${EVENT}");`,
		note: "The page must be able to reach the address above, and over https if it is itself loaded over https.",
	};
}

function node(url: string, key: string): Snippet {
	return {
		id: "node",
		name: "Node.js",
		install: "npm install posthog-node",
		code: `import { PostHog } from "posthog-node";

const posthog = new PostHog("${key}", { host: "${url}" });
posthog.capture({ distinctId: "user-1", event: "${EVENT}" });
await posthog.shutdown();`,
	};
}

function python(url: string, key: string): Snippet {
	return {
		id: "python",
		name: "Python",
		install: "pip install posthog",
		code: `from posthog import Posthog

posthog = Posthog("${key}", host="${url}")
posthog.capture("${EVENT}", distinct_id="user-1")
posthog.shutdown()`,
	};
}

function go(url: string, key: string): Snippet {
	return {
		id: "go",
		name: "Go",
		install: "go get github.com/posthog/posthog-go",
		code: `package main

import "github.com/posthog/posthog-go"

func main() {
	client, err := posthog.NewWithConfig("${key}",
		posthog.Config{Endpoint: "${url}"})
	if err != nil {
		panic(err)
	}
	defer client.Close()
	client.Enqueue(posthog.Capture{
		DistinctId: "user-1",
		Event:      "${EVENT}",
	})
}`,
	};
}

function rust(url: string, key: string): Snippet {
	return {
		id: "rust",
		name: "Rust",
		install: "cargo add posthog-rs --no-default-features",
		code: `use posthog_rs::{client, ClientOptionsBuilder, Event};

fn main() {
    let options = ClientOptionsBuilder::default()
        .api_key("${key}".to_string())
        .host("${url}".to_string())
        .build()
        .expect("options");
    let client = client(options);
    client.capture(Event::new("${EVENT}", "user-1"));
    client.shutdown();
}`,
		note: "Without its default features the crate's client blocks, as here; with them it is async.",
	};
}

function java(url: string, key: string): Snippet {
	return {
		id: "java",
		name: "Java",
		install: "com.posthog:posthog-server (Maven Central)",
		code: `import com.posthog.server.PostHog;
import com.posthog.server.PostHogCaptureOptions;
import com.posthog.server.PostHogConfig;
import com.posthog.server.PostHogInterface;

public class First {
    public static void main(String[] args) {
        PostHogInterface posthog = PostHog.with(
                PostHogConfig.builder("${key}").host("${url}").build());
        posthog.capture("user-1", "${EVENT}",
                PostHogCaptureOptions.builder().build());
        posthog.flush();
        posthog.close();
    }
}`,
	};
}

function ruby(url: string, key: string): Snippet {
	return {
		id: "ruby",
		name: "Ruby",
		install: "gem install posthog-ruby",
		code: `require "posthog"

posthog = PostHog::Client.new(api_key: "${key}", host: "${url}")
posthog.capture(distinct_id: "user-1", event: "${EVENT}")
posthog.flush`,
	};
}

function php(url: string, key: string): Snippet {
	return {
		id: "php",
		name: "PHP",
		install: "composer require posthog/posthog-php",
		code: `<?php
require "vendor/autoload.php";

PostHog\\PostHog::init("${key}", ["host" => "${url}"]);
PostHog\\PostHog::capture([
    "distinctId" => "user-1",
    "event" => "${EVENT}",
]);
PostHog\\PostHog::flush();`,
	};
}

function curl(url: string, key: string): Snippet {
	const body = JSON.stringify({
		api_key: key,
		event: EVENT,
		distinct_id: "user-1",
	});
	return {
		id: "curl",
		name: "curl",
		code: `curl -H 'Content-Type: application/json' ${url}/i/v0/e/ \\
  -d '${body}'`,
		note: "The quickest test: nothing to install.",
	};
}

export function snippets(url: string, key: string): Snippet[] {
	return [curl, web, node, python, go, rust, java, ruby, php].map((make) =>
		make(url, key),
	);
}
