package timeline

import "example.com/clew/internal/line"

// usual contains the keys of fields that a view shows in places of their own: time, level,
// message, service and IDs. These are the keys of all vendors and of common loggers.
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

// ofRecords contains the keys of the fields of a request, a call or a job.
var ofRecords = vendorKeys(line.TraceID, line.ClientGone)

// vendorKeys returns all vendors' names for a range of package line's keys. The range begins with
// the key first and ends with the key last.
func vendorKeys(first, last line.Key) map[string]bool {
	keys := map[string]bool{}
	for v := line.Ours; v <= line.Logback; v++ {
		names := line.NewNames(v, "", "", line.Hex, "")
		for k := first; k <= last; k++ {
			keys[names.Key(k)] = true
		}
	}
	return keys
}
