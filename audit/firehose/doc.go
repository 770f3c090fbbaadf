// Package firehose sends audit events to an Amazon Data Firehose stream, which puts them into a
// bucket as lines of JSON:
//
//	sink, err := firehose.Open(ctx, firehose.Config{Stream: "audit"})
//	…
//	l, err := audit.Open(audit.Config{Dir: dir, App: "media-api", Sink: sink})
//
// Many events are packed into one record, and a few large records into a call. Events wait in the
// Logger's journal until Firehose has taken them, so none is lost while Firehose cannot be
// reached. Events arrive at least once, in no defined order.
//
// clew-audit ingest makes Parquet files from the objects in the bucket.
package firehose
