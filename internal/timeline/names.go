package timeline

import (
	"slices"
	"strings"
)

// A role is the meaning of a field.
type role uint8

const (
	roleNone role = iota
	roleTrace
	roleSpan
	roleParent
	roleService
	roleTime
	roleLevel
	roleMessage
	roleCallerParent
	roles // the number of roles
)

var roleNames = [...]string{"", "trace", "span", "parent", "service", "time", "level", "message"}

// A claim is the meaning that the name of a field suggests.
type claim struct {
	role role

	// rank orders the names of a role. The field whose name has the lowest rank is used. A name at
	// the top of the line comes before a name in an object. A name that proves its role comes
	// before all weak names.
	rank int

	// weak says that the name alone proves nothing. All values of the field must be IDs.
	weak bool

	// inText says that the weak name is accepted in plain text, if the ID behind it contains a
	// letter.
	inText bool

	// datadog says that a number of any length is an ID.
	datadog bool
}

func (c claim) strong() bool { return c.role == roleTrace && !c.weak }

// strangers are words that may come before "trace ID" in a name. The value is then the ID of
// another trace than the line's, or of no trace.
var strangers = []string{"untrusted", "parent", "link", "linked", "scheduled", "caller", "previous", "prev", "original", "other",
	"external", "stack", "back", "root", "replyto"}

// names contains the possible last parts of a field's path, and the claim of each. The preferred
// names of a role come first. All names are in small letters without dots, dashes and underscores.
// A field with a name for an ID also needs an ID as its value. Hashes, sums, and the IDs of
// sessions and users look like trace IDs, too. They belong to several traces or to none, so their
// names are not in the map.
var names = func() map[string]claim {
	m := map[string]claim{}
	for r, list := range map[role][]string{
		roleTrace:        {"traceid", "traceparent", "b3", "ubertraceid", "xb3traceid", "oteltraceid", "xcloudtracecontext", "xamzntraceid", "xraytraceid"},
		roleSpan:         {"spanid", "xb3spanid", "otelspanid", "ddspanid", "transactionid"},
		roleParent:       {"parentid", "parentspanid", "xb3parentspanid"},
		roleCallerParent: {"callerparentid"},
		roleService: {"service", "servicename", "otelservicename", "ddservice", "springapplicationname", "app", "appname", "application",
			"applicationname", "svc"},
		roleTime: {"time", "timestamp", "ts", "@t", "asctime", "datetime", "eventtime", "timeiso8601", "timelocal", "timemillis",
			"epochsecond", "logtime", "date", "created"},
		roleLevel:   {"level", "loglevel", "severity", "levelname", "lvl", "@l", "severitytext"},
		roleMessage: {"message", "msg", "@m", "@mt", "event", "shortmessage", "body", "text", "log"},
	} {
		for i, name := range list {
			m[name] = claim{role: r, rank: i}
		}
	}
	for i, name := range []string{"tid", "trace", "correlationid", "xcorrelationid", "corrid", "operationid", "requestid", "xrequestid", "reqid"} {
		m[name] = claim{role: roleTrace, rank: weakRank + i, weak: true, inText: name == "trace"}
	}
	return m
}()

// groups contains names that have a meaning only together with the object around them.
var groups = map[string]claim{
	"trace.id":            {role: roleTrace},
	"span.id":             {role: roleSpan},
	"parent.id":           {role: roleParent},
	"transaction.id":      {role: roleSpan, rank: 3},
	"service.name":        {role: roleService},
	"app.name":            {role: roleService, rank: 4},
	"application.name":    {role: roleService, rank: 6},
	"timestamp.seconds":   {role: roleTime, rank: 1},
	"instant.epochsecond": {role: roleTime, rank: 1},
	"level.name":          {role: roleLevel, rank: 3},
	"severity.text":       {role: roleLevel, rank: 3},
}

// These are added to the rank: depthRank for each object around the field, weakRank for a weak
// name.
const (
	depthRank = 40
	weakRank  = 10_000
)

// maxKey is the longest path of a field that may have a role, in bytes.
const maxKey = 128

// roleOf returns the meaning that the name of a field suggests.
func roleOf(key string) claim {
	if key == "" || len(key) > maxKey {
		return claim{}
	}
	cut := strings.LastIndexAny(key, "./")
	last, before := plainName(key[cut+1:]), ""
	if cut > 0 {
		before = plainName(key[strings.LastIndexAny(key[:cut], "./")+1 : cut])
	}
	depth := strings.Count(key, ".")
	c, ok := groups[before+"."+last]
	switch {
	case ok:
		depth = max(depth-1, 0)
	case last == "id" || last == "name" || last == "seconds":
		return claim{}
	default:
		c, ok = names[last]
		if !ok {
			c, ok = suffixed(last)
		}
	}
	if !ok || depth > 0 && isShort(last) || slices.Contains(strangers, before) {
		return claim{}
	}
	c.datadog = before == "dd" || strings.HasPrefix(last, "dd")
	c.rank += depth * depthRank
	return c
}

// isShort reports whether a name has a meaning only at the top of a line, not in an object.
func isShort(last string) bool {
	return strings.HasPrefix(last, "@") || last == "text" || last == "log" || last == "body" || last == "date" || last == "created"
}

// suffixed returns the meaning of a name that ends with traceid, such as shopTraceId. The result
// is false if one of strangers comes before traceid.
func suffixed(last string) (claim, bool) {
	head, ok := strings.CutSuffix(last, "traceid")
	if !ok {
		return claim{}, false
	}
	for _, word := range strangers {
		if strings.HasSuffix(head, word) {
			return claim{}, false
		}
	}
	return claim{role: roleTrace, rank: 9}, true
}

// plainName returns a name in small letters, without dashes, underscores and spaces.
func plainName(name string) string {
	var buf [maxKey]byte
	plain := buf[:0]
	for i := range len(name) {
		switch c := name[i]; {
		case c-'A' < 26:
			plain = append(plain, c+'a'-'A')
		case c == '@' && len(name) > 3: // @timestamp
		case c != '-' && c != '_' && c != ' ':
			plain = append(plain, c)
		}
	}
	return string(plain)
}
