// Package audit writes events that are too many to log: each with its trace ID, each cheap enough
// to be written always, in files that any SQL engine reads. It answers "where is XYZ.123, and
// where did it go?" for services that handle thousands of items a second.
//
//	l, err := audit.Open(audit.Config{Dir: "/var/lib/media/audit", App: "media-api"})
//	…
//	l.Log(ctx, "image augmented", slog.String("network_id", id))
//	err = l.LogSync(ctx, "payment captured", slog.String("order", id)) // it is on disk
//
// # The way of an event
//
// [Logger.Log] encodes an event in the caller, into one of several buffers. A goroutine writes the
// buffers to a journal every 50 ms, or when one is full. Another calls fsync every second. At the
// end of each five minutes of the clock, or at 128 MB, the segment of the journal is sealed, and a
// third goroutine makes Parquet files of it; the segment is deleted when these are safe in the
// store. Package lake finds events in both.
//
// # Filters
//
// Config.Filter judges events between the buffer and the journal: those that nobody wants are
// discarded and counted, and the others can be given the names of the filters that they have
// passed, their trace_names. A [Filter] is a function that gets a batch of events, in the goroutine
// that writes the journal: Log does not wait for it. An event of LogSync is never discarded.
//
// # Sinks
//
// Config.Sink takes the events of sealed segments in the store's place: there are no Parquet
// files. Segments are sealed after ten seconds then. The journal keeps what the Sink has not
// taken yet, for as long as it takes, and how far the Sink has come. Package
// example.com/clew/audit/firehose has a Sink.
//
// # What can be lost
//
// A process that dies, also by kill -9, loses the events that it had not yet written to the
// journal: those of the last 50 ms, or more where the machine is slow. A machine that dies loses
// those since the last fsync too: a second. [Logger.LogSync] returns when neither can happen any
// more. The next [Open] of the directory goes on with what the journal has.
//
// A service is never failed or delayed: while the disk is full or gone, the buffer takes the
// events, and when that is full too they are dropped and counted in [Stats]. [Block] waits
// instead.
//
// # Ending
//
// Close as http.Server.Shutdown, with a fresh timeout:
//
//	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
//	defer cancel()
//	if err := l.Close(ctx); err != nil {
//		log.Print(err) // says what was left behind
//	}
package audit
