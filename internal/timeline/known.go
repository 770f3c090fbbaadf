package timeline

import "example.com/clew/internal/line"

// usual are the keys of what the views show in a place of its own: time, level, message, service
// and IDs, in the names of vendors and of common loggers.
var usual = func() map[string]bool {
	keys := vendorKeys(line.TraceID, line.CallerParentID)
	for _, k := range []string{
		"time", "ts", "timestamp", "@timestamp", "asctime", "date", "level", "lvl", "severity", "levelname", "log.level",
		"message", "msg", "event", "@version", "service.name", "app",
		"traceId", "traceID", "TraceId", "spanId", "spanID", "SpanId", "parentId",
	} {
		keys[k] = true
	}
	return keys
}()

// ofRecords are the keys of what a line says of its request, call or job.
var ofRecords = vendorKeys(line.TraceID, line.ClientGone)

// vendorKeys are the names of some fields in all vendors' presets.
func vendorKeys(from, to line.Key) map[string]bool {
	keys := map[string]bool{}
	for v := line.Ours; v <= line.Logback; v++ {
		names := line.NewNames(v, "", "", line.Hex, "")
		for k := from; k <= to; k++ {
			keys[names.Key(k)] = true
		}
	}
	return keys
}
