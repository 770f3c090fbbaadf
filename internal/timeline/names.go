package timeline

import (
	"fmt"
	"slices"
	"strings"

	"example.com/clew/internal/line"
)

// Keys are the names of fields, for those that cannot be found by themselves, or are found
// wrongly. The first name that a line has counts, and one of the names here before all others. A
// field of an object has the path to it, with dots: json.tid. The zero value is to find all
// names.
type Keys struct{ Trace, Span, Parent, Service, Time, Level, Message []string }

// ParseKeys reads keys as they are written on a command line: trace=json.tid,service=app. A role
// may come several times.
func ParseKeys(text string) (Keys, error) {
	var k Keys
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, key, ok := strings.Cut(part, "=")
		list := k.list(strings.TrimSpace(name))
		if key = strings.TrimSpace(key); !ok || list == nil || key == "" {
			return Keys{}, fmt.Errorf("timeline: keys are written as trace=KEY, with a comma between them, and are those of %s: %q is none",
				strings.Join(roleNames[1:], ", "), part)
		}
		*list = append(*list, key)
	}
	return k, nil
}

// list returns the list with a name; nil: there is none.
func (k *Keys) list(name string) *[]string {
	if r := slices.Index(roleNames[:], name); r > 0 {
		return k.of(role(r))
	}
	return nil
}

// of returns the names for a role; nil: it can have none.
func (k *Keys) of(r role) *[]string {
	switch r {
	case roleTrace:
		return &k.Trace
	case roleSpan:
		return &k.Span
	case roleParent:
		return &k.Parent
	case roleService:
		return &k.Service
	case roleTime:
		return &k.Time
	case roleLevel:
		return &k.Level
	case roleMessage:
		return &k.Message
	}
	return nil
}

// A role is what a field says.
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
	roles // how many there are
)

var roleNames = [...]string{"", "trace", "span", "parent", "service", "time", "level", "message"}

// A claim is what the name of a field lets one expect.
type claim struct {
	role role

	// rank orders the names of a role: the lowest counts. A name at the top of the line comes
	// before one in an object, and each name that proves anything before the weak ones.
	rank int

	// weak says that the name alone proves nothing: the values must be IDs, all of them.
	weak bool

	// inText says that in plain text an ID with a letter in it behind the name is the trace's,
	// although the name is weak.
	inText bool

	// datadog says that a number of any length is an ID.
	datadog bool
}

func (c claim) strong() bool { return c.role == roleTrace && !c.weak }

// strangers are words before "trace ID" that make it the ID of another trace than the line's, or
// of none.
var strangers = []string{"untrusted", "parent", "link", "linked", "scheduled", "caller", "previous", "prev", "original", "other",
	"external", "stack", "back", "root", "replyto"}

// names are what the last part of a field's path may be called, without dots, dashes and
// underscores and in small letters, in the order in which they count. Names for IDs need an ID as
// their value besides. A name that is not here is taken for nothing: session, user, transaction
// and thread IDs, hashes and sums look like trace IDs too, and span several traces or none.
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

// groups are names of objects in which a field has a meaning by its path only.
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

// What an object that a field stands in, and a weak name, add to the rank.
const (
	depthRank = 40
	weakRank  = 10_000
)

// maxKey is the longest path of a field that is looked at, in bytes.
const maxKey = 128

// roleOf returns what a field may say, as its name has it.
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

// isShort tells of names that say something at the top of a line only.
func isShort(last string) bool {
	return strings.HasPrefix(last, "@") || last == "text" || last == "log" || last == "body" || last == "date" || last == "created"
}

// suffixed returns what a name is whose end says it: shopTraceId. The word before must not make it
// something else.
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

// plainName returns a name in small letters, without dashes and underscores.
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

// learnLines is how many lines of a source are looked at for names that prove nothing alone.
const learnLines = 100

// maxNames is how many names of a source are kept in mind.
const maxNames = 1000

// A naming is what a parser has learned about the names of its source.
type naming struct {
	keys   Keys
	custom bool // keys has any
	claims map[string]claim
	weak   map[string]*evidence
	lines  int           // that were looked at
	taken  [roles]string // the name that was last taken for each role
	where  [roles]bool   // the role was found in plain text
}

// evidence is how many values of a name were seen, and how many of them were IDs.
type evidence struct{ seen, ids int }

// claim returns what a field may say.
func (n *naming) claim(key string) claim {
	if c, ok := n.claims[key]; ok {
		return c
	}
	c := n.chosen(key)
	if len(n.claims) < maxNames && len(key) <= maxKey {
		if n.claims == nil {
			n.claims = map[string]claim{}
		}
		n.claims[strings.Clone(key)] = c
	}
	return c
}

// chosen is claim for a name that was not seen yet: one that the user has given a role to has that
// alone.
func (n *naming) chosen(key string) claim {
	if n.custom {
		for r := roleTrace; r <= roleMessage; r++ {
			if slices.Contains(*n.keys.of(r), key) {
				return claim{role: r, datadog: true}
			}
		}
	}
	return roleOf(key)
}

// ruled tells whether the user has said which names a role has.
func (n *naming) ruled(r role) bool {
	list := n.keys.of(r)
	return n.custom && list != nil && len(*list) > 0
}

// fields returns which field of a line has which role; -1: none. Of two with the same name, the
// last counts, as in package line.
func (n *naming) fields(fields []line.Field) (at [roles]int) {
	var best [roles]int
	for r := range at {
		at[r], best[r] = -1, lastRank
	}
	for i := range fields {
		c := n.claim(fields[i].Key)
		if c.role == roleNone || !n.proved(c, fields[i]) {
			continue
		}
		if rank := n.rank(c, fields[i].Key); rank <= best[c.role] {
			at[c.role], best[c.role] = i, rank
		}
	}
	n.lines++
	for r, i := range at {
		if i >= 0 && n.taken[r] != fields[i].Key {
			n.taken[r] = strings.Clone(fields[i].Key)
		}
	}
	return at
}

// lastRank is more than the rank of any name.
const lastRank = 1 << 30

// rank orders the names of a role. Those of the user come first, in their order.
func (n *naming) rank(c claim, key string) int {
	if n.custom {
		if list := n.keys.of(c.role); list != nil {
			if i := slices.Index(*list, key); i >= 0 {
				return i - lastRank
			}
		}
	}
	return c.rank
}

// proved tells whether the value of a field is what its name lets one expect.
func (n *naming) proved(c claim, f line.Field) bool {
	if !f.Text && f.Value == "null" || f.Value == "" {
		return false
	}
	switch c.role {
	case roleTrace:
		_, ok := fieldID(f, c)
		return ok && !c.weak || c.weak && n.trusted(f, ok)
	case roleSpan, roleParent, roleCallerParent:
		return fieldSpan(f, c) != ""
	case roleTime:
		return f.Value[0]-'0' <= 9 || isCapitals([]byte(f.Value[:1]))
	case roleService:
		return f.Text
	case roleMessage, roleLevel:
		return f.Text || f.Value[0] != '{' && f.Value[0] != '['
	}
	return true
}

// hexLetters are what tells an ID from a number.
const hexLetters = "abcdefABCDEF"

// trusted tells whether a name that proves nothing alone is that of the trace's ID: all its values
// have been IDs, of hexadecimal digits with a letter among them. After some lines a name that was
// not seen yet is not trusted any more.
func (n *naming) trusted(f line.Field, isID bool) bool {
	e := n.weak[f.Key]
	if e == nil {
		if n.lines >= learnLines || len(n.weak) >= maxNames || len(f.Key) > maxKey {
			return false
		}
		if n.weak == nil {
			n.weak = map[string]*evidence{}
		}
		e = &evidence{}
		n.weak[strings.Clone(f.Key)] = e
	}
	isID = isID && strings.ContainsAny(f.Value, hexLetters+"/")
	if n.lines < learnLines && f.Value != "-" {
		e.seen++
		if isID {
			e.ids++
		}
	}
	return isID && e.ids == e.seen
}

// fieldID returns the trace ID that a field has.
func fieldID(f line.Field, c claim) (ID, bool) {
	if len(f.Value) > 200 {
		return ID{}, false
	}
	value := []byte(f.Value)
	if c.datadog && len(value) <= 20 && len(value) != 16 || !c.weak && len(value) > 16 && len(value) <= 20 {
		if n, ok := decimal(value); ok {
			return ID{Low: n}, true
		}
	}
	if !f.Text {
		return ID{}, false
	}
	return headerValue(value)
}

// fieldSpan returns the span's ID that a field has, in hexadecimal digits; "": none.
func fieldSpan(f line.Field, c claim) string {
	value := []byte(f.Value)
	if len(value) == 16 && hexEnd(value, 0) == 16 && f.Text {
		return spanDigits(hexValue(value))
	}
	if c.datadog || len(value) > 16 {
		if n, ok := decimal(value); ok {
			return spanDigits(n)
		}
	}
	return ""
}

// spanDigits returns a span's ID in hexadecimal digits; "" for zero.
func spanDigits(n uint64) string {
	if n == 0 {
		return ""
	}
	return hex16(n)
}

// learned returns what was taken for what, as [ParseKeys] reads it, and what stands in plain text.
func (n *naming) learned() string {
	var parts []string
	for r := roleTrace; r <= roleMessage; r++ {
		if n.taken[r] != "" {
			parts = append(parts, roleNames[r]+"="+printable(n.taken[r]))
		}
	}
	said := strings.Join(parts, ",")
	var text []string
	for r := roleTrace; r <= roleMessage; r++ {
		if n.where[r] {
			text = append(text, roleNames[r])
		}
	}
	if len(text) > 0 {
		said = strings.TrimPrefix(said+"; in the text: "+strings.Join(text, ", "), "; ")
	}
	return said
}

// printable returns a name without what a terminal would obey: it is a part of somebody's line.
func printable(name string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, name)
}
