package timeline

import "example.com/clew/internal/line"

// usual are keys in the names of vendors and common loggers, for fields that the views show in
// their own places: time, level, message, service and IDs.
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

// ofRecords are the keys of a line's request, call or job.
var ofRecords = vendorKeys(line.TraceID, line.ClientGone)

// vendorKeys are the names of some fields for all vendors.
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
