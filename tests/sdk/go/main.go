// Drives the unmodified posthog-go module; see ../README.md.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/posthog/posthog-go"
)

type operation struct {
	Op         string
	Id         string
	Anon       string
	Alias      string
	Event      string
	Type       string
	Key        string
	Set        posthog.Properties
	Properties posthog.Properties
	Groups     posthog.Groups
}

type options struct {
	MaxRetries   *int  `json:"max_retries"`
	RetryAfterMs int64 `json:"retry_after_ms"`
	V1           bool  `json:"v1"`
}

func messages(o operation) []posthog.Message {
	switch o.Op {
	case "capture":
		return []posthog.Message{posthog.Capture{
			DistinctId: o.Id, Event: o.Event,
			Properties: o.Properties, Groups: o.Groups,
		}}
	case "identify": // Identify itself only sets properties
		return []posthog.Message{
			posthog.Capture{
				DistinctId: o.Id, Event: "$identify",
				Properties: posthog.Properties{"$anon_distinct_id": o.Anon},
			},
			posthog.Identify{DistinctId: o.Id, Properties: o.Set},
		}
	case "set":
		return []posthog.Message{
			posthog.Identify{DistinctId: o.Id, Properties: o.Set},
		}
	case "alias":
		return []posthog.Message{posthog.Alias{DistinctId: o.Id, Alias: o.Alias}}
	case "group":
		return []posthog.Message{posthog.GroupIdentify{
			Type: o.Type, Key: o.Key, DistinctId: o.Id, Properties: o.Set,
		}}
	case "flush": // there is none: it sends by its interval
		return nil
	}
	log.Fatalf("unknown operation %q", o.Op)
	return nil
}

func main() {
	var opts options
	if err := json.Unmarshal([]byte(os.Args[3]), &opts); err != nil {
		log.Fatal(err)
	}
	config := posthog.Config{
		Endpoint: os.Args[1], BatchSize: 10,
		Interval:    500 * time.Millisecond,
		MaxRetries:  opts.MaxRetries,
		Compression: posthog.CompressionGzip,
	}
	if opts.RetryAfterMs > 0 {
		config.RetryAfter = func(int) time.Duration {
			return time.Duration(opts.RetryAfterMs) * time.Millisecond
		}
	}
	if opts.V1 {
		config.CaptureMode = posthog.CaptureModeAnalyticsV1
		config.Compression = posthog.CompressionZstd
	}
	client, err := posthog.NewWithConfig(os.Args[2], config)
	if err != nil {
		log.Fatal(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var o operation
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			log.Fatal(err)
		}
		for _, m := range messages(o) {
			if err := client.Enqueue(m); err != nil {
				log.Fatal(err)
			}
		}
		fmt.Println("ok")
	}
	if err := client.Close(); err != nil {
		log.Fatal(err)
	}
}
