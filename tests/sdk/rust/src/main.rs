//! Drives the unmodified posthog-rs crate; see ../README.md.

use std::env;
use std::io::{self, BufRead};

use posthog_rs::{client, Client, ClientOptionsBuilder, Event};
use serde_json::{json, Map, Value};

fn text<'a>(o: &'a Value, name: &str) -> &'a str {
    o[name].as_str().unwrap_or_else(|| panic!("{name} of {o}"))
}

fn event(name: &str, id: &str, properties: &Map<String, Value>) -> Event {
    let mut e = Event::new(name, id);
    for (key, value) in properties {
        e.insert_prop(key, value).expect("a property");
    }
    e
}

fn run(client: &Client, o: &Value) {
    match text(o, "op") {
        "capture" => {
            let properties = o["properties"].as_object().expect("properties");
            let mut e = event(text(o, "event"), text(o, "id"), properties);
            for (kind, key) in o["groups"].as_object().into_iter().flatten() {
                e.add_group(kind, key.as_str().expect("a key"));
            }
            client.capture(e);
        }
        "identify" => {
            let p = json!({"$anon_distinct_id": o["anon"], "$set": o["set"]});
            client.capture(event("$identify", text(o, "id"), p.as_object().unwrap()));
        }
        "set" => {
            let p = json!({"$set": o["set"]});
            client.capture(event("$set", text(o, "id"), p.as_object().unwrap()));
        }
        "alias" => client.alias(text(o, "alias"), text(o, "id")),
        "group" => client
            .group_identify(text(o, "type"), text(o, "key"), o["set"].clone())
            .expect("a group"),
        "flush" => client.flush(),
        other => panic!("unknown operation {other}"),
    }
}

fn main() {
    let args: Vec<String> = env::args().collect();
    let options: Value = serde_json::from_str(&args[3]).expect("options");
    let mut builder = ClientOptionsBuilder::default();
    builder
        .api_key(args[2].clone())
        .host(args[1].clone())
        .flush_at(10)
        .flush_interval_ms(500);
    if let Some(n) = options["max_capture_attempts"].as_u64() {
        builder.max_capture_attempts(n as u32);
    }
    if let Some(ms) = options["retry_max_backoff_ms"].as_u64() {
        builder.retry_max_backoff_ms(ms);
    }
    let client = client(builder.build().expect("client options"));
    for line in io::stdin().lock().lines() {
        let o: Value = serde_json::from_str(&line.expect("a line")).expect("JSON");
        run(&client, &o);
        println!("ok");
    }
    client.shutdown();
}
