// Package audit writes events of which there are too many to log. Each event has its trace ID. An
// event is so cheap that all of them can be written, into files that any SQL engine reads. These
// files answer "where is XYZ.123, and where did it go?" for services that handle thousands of
// items a second.
//
//	l, err := audit.Open(audit.Config{Dir: "/var/lib/media/audit", App: "media-api"})
//	…
//	l.Log(ctx, "image augmented", slog.String("network_id", id))
//	err = l.LogSync(ctx, "payment captured", slog.String("order", id)) // returns when on disk
//
// # The way of an event
//
// [Logger.Log] encodes an event in the calling goroutine, into one of several buffers. A goroutine
// writes the buffers to a journal every 50 ms, or when one is full. A second goroutine calls fsync
// every second. At the end of each five minutes of the clock, or at 128 MB, the segment of the
// journal is sealed. A third goroutine makes Parquet files of the segment, and deletes it when the
// files are safe in the store. Package lake finds events in journals and in Parquet files.
//
// # Filters
//
// Config.Filter judges events between the buffer and the journal. It discards events that nobody
// wants, and Stats counts these events. The other events get the names of the filters that they
// have passed, in their trace_names. A [Filter] is a function that gets a batch of events, in the
// goroutine that writes the journal, so Log does not wait for the Filter. An event of LogSync is
// never discarded.
//
// # Sinks
//
// Config.Sink receives the events of sealed segments instead of the store. There are no Parquet
// files, and segments are sealed after ten seconds. The journal keeps the events that the Sink has
// not taken yet, without a time limit. A file in the journal's directory notes how many events the
// Sink has taken. Package example.com/clew/audit/firehose has a Sink.
//
// # What can be lost
//
// A process that dies, also by kill -9, loses the events that are not in the journal yet: those of
// the last 50 ms, or more where the machine is slow. A machine that dies also loses the events
// since the last fsync: those of about a second. Once [Logger.LogSync] has returned nil, its event
// survives both. The next [Open] of the directory continues with the events of the journal.
//
// Log never fails or delays a service. While the disk is full or gone, the buffer takes the
// events. When the buffer is full too, events are dropped and counted in [Stats]. With [Block],
// Log waits instead.
//
// # Ending
//
// Close waits as http.Server.Shutdown does. Give it a fresh timeout:
//
//	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
//	defer cancel()
//	if err := l.Close(ctx); err != nil {
//		log.Print(err) // says what was left behind
//	}
package audit
