package timeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/internal/timeline"
)

// changed is the time when the sources of the tests were last changed. It gives a year to times
// without one.
var changed = time.Date(2026, 11, 26, 23, 0, 0, 0, time.UTC)

// got is a copy of a Raw.
type got struct {
	Text, Service string
	Time          time.Time
	Number        int
	Cut           bool
}

// gotAll reads a source to its end.
func gotAll(tb testing.TB, src io.Reader) (all []got, dropped int64) {
	tb.Helper()
	r := timeline.NewReader(src, changed)
	for {
		raw, err := r.Next()
		if err == io.EOF {
			return all, r.Dropped()
		}
		require.NoError(tb, err)
		all = append(all, got{string(raw.Text), raw.Service, raw.Time, raw.Number, raw.Cut})
	}
}

func gotOf(tb testing.TB, source string) []got {
	tb.Helper()
	all, _ := gotAll(tb, strings.NewReader(source))
	return all
}

var (
	nano  = time.Date(2026, 11, 26, 10, 11, 12, 123456789, time.UTC)
	micro = nano.Truncate(time.Microsecond)
	sec   = nano.Truncate(time.Second)
	none  time.Time
)

const plain = "GET /cart 200"

// wrapped are lines with the wrappers of shippers, and the values that a Reader must find in them.
var wrapped = []struct {
	name, line    string
	text, service string
	time          time.Time
}{
	{"docker", `{"log":"` + plain + `\n","stream":"stdout","time":"2026-11-26T10:11:12.123456789Z"}`, plain, "", nano},
	{"docker, written again with spaces", `{"log": "a\n", "stream": "stdout", "time": "2026-11-26T10:11:12.123456789Z"}`, "a", "", nano},
	{"docker with attributes", `{"log":"a\r\n","stream":"stderr","attrs":{"tag":"x"},"time":"2026-11-26T10:11:12.123456789Z"}`, "a", "", nano},
	{"docker, empty", `{"log":"\n","stream":"stdout","time":"2026-11-26T10:11:12.123456789Z"}`, "", "", nano},
	{"docker, without newline", `{"log":"a","stream":"stdout","time":"2026-11-26T10:11:12.123456789Z"}`, "a", "", nano},
	{"docker, escapes", `{"log":"a\"\\\/\b\f\n\r\tA\u00e9\u20AC\ud83d\ude00\u0000\ud83dx\ude00\u001b[m\n","stream":"stdout","time":"2026-11-26T10:11:12.123456789Z"}`,
		"a\"\\/\b\f\n\r\tAé€😀\x00\uFFFDx\uFFFD\x1b[m", "", nano},
	{"docker, a zone", `{"log":"a\n","stream":"stdout","time":"2026-11-26T12:11:12.123456789+02:00"}`, "a", "", nano},
	{"fluent bit", `{"log":"a\n","stream":"stdout","kubernetes":{"pod_name":"shop-x2x9z","container_name":"shop"}}`, "a", "shop", none},
	{"docker, JSON", dockerLine(shopLine), shopLine, "", nano},

	{"cri", "2026-11-26T10:11:12.123456789Z stdout F " + plain, plain, "", nano},
	{"cri, tags", "2026-11-26T10:11:12.123456789Z stderr F:x:y " + plain, plain, "", nano},
	{"cri, empty", "2026-11-26T10:11:12.123456789Z stdout F ", "", "", nano},
	{"cri, empty without the space", "2026-11-26T10:11:12.123456789Z stdout F", "", "", nano},
	{"cri, spaces", "2026-11-26T10:11:12.123456789Z stdout F   at x", "  at x", "", nano},
	{"cri, zone", "2026-11-26T11:11:12.123456789+01:00 stdout F a", "a", "", nano},

	{"kubectl", "[pod/shop-7d9f8c6b5-x2x9z/shop] " + plain, plain, "shop", none},
	{"kubectl, no container", "[pod/shop-7d9f8c6b5-x2x9z/] a", "a", "shop-7d9f8c6b5-x2x9z", none},
	{"kubectl, times", "[pod/p/shop] 2026-11-26T10:11:12.123456789Z " + plain, plain, "shop", nano},
	{"kubetail", "[shop-7d9f8c6b5-x2x9z] a", "a", "shop-7d9f8c6b5-x2x9z", none},
	{"kubetail, container", "[shop-7d9f8c6b5-x2x9z shop] a", "a", "shop", none},
	{"kubectl, times without a prefix", "2026-11-26T10:11:12.123456789Z " + plain, plain, "", nano},
	{"kubectl, times without a prefix, an indented line", "2026-11-26T10:11:12.123456789Z \tat x", "\tat x", "", nano},

	{"compose", "shop-1  | " + plain, plain, "shop", none},
	{"compose, padded", "shop-12        | a", "a", "shop", none},
	{"Compose 1", "shop_1   | a", "a", "shop", none},
	{"compose, chosen name", "db   | a", "a", "db", none},
	{"compose, coloured", "\x1b[36mshop-1  | \x1b[0m" + plain, plain, "shop", none},
	{"Compose 1, coloured", "\x1b[36;1mshop_1   |\x1b[0m a", "a", "shop", none},
	{"compose, a coloured message", "\x1b[36mshop-1  | \x1b[0m\x1b[90m10:11\x1b[0m INF a", "\x1b[90m10:11\x1b[0m INF a", "shop", none},
	{"compose, empty", "shop-1  | ", "", "shop", none},
	{"swarm", "shop.1.0123456789ab@node-1    | a", "a", "shop", none},
	{"compose, times", "shop-1  | 2026-11-26T10:11:12.123456789Z a", "a", "shop", nano},
	{"compose, JSON", "shop-1  | " + shopLine, shopLine, "shop", none},

	{"journald", `{"__CURSOR":"s=1","__REALTIME_TIMESTAMP":"1795687872123456","_SYSTEMD_UNIT":"shop.service","MESSAGE":"` + plain + `"}`, plain, "shop", micro},
	{"journald, spaces", `{ "__CURSOR" : "s=1", "__REALTIME_TIMESTAMP" : "1795687872123456", "SYSLOG_IDENTIFIER" : "shop", "MESSAGE" : "a" }`, "a", "shop", micro},
	{"journald, bytes", `{"MESSAGE":[27,91,109, 65,255],"__REALTIME_TIMESTAMP":"1795687872123456","_COMM":"shop"}`, "\x1b[mA\xff", "shop", micro},
	{"journald, user's unit", `{"MESSAGE":"a","__REALTIME_TIMESTAMP":"1795687872123456","_SYSTEMD_UNIT":"user@1000.service","_SYSTEMD_USER_UNIT":"shop.service"}`, "a", "shop", micro},
	{"journald, docker", `{"MESSAGE":"a","__REALTIME_TIMESTAMP":"1795687872123456","_SYSTEMD_UNIT":"docker.service","CONTAINER_NAME":"shop"}`, "a", "shop", micro},
	{"journald, a hostile name", `{"MESSAGE":"a","__REALTIME_TIMESTAMP":"1795687872123456","_COMM":"s\u001b[2Jh\u202eo\np"}`, "a", "s[2Jhop", micro},
	{"journald, an ID in another field", `{"MESSAGE":"say \"a\"","__REALTIME_TIMESTAMP":"1795687872123456","TRACE_ID":"463ac35c9f6413ad","_COMM":"shop"}`,
		`{"message":"say \"a\"","trace_id":"463ac35c9f6413ad"}`, "shop", micro},
	{"journald, an ID and a path", `{"MESSAGE":"C:\\x\t","__REALTIME_TIMESTAMP":"1795687872123456","SPAN_ID":"463ac35c9f6413ad"}`,
		`{"message":"C:\\x\t","span_id":"463ac35c9f6413ad"}`, "", micro},
	{"journald, zerolog", `{"MESSAGE":"a","__REALTIME_TIMESTAMP":"1795687872123456","TRACE_ID":"463ac35c9f6413ad","JSON":"{\"message\":\"a\"}\n","_COMM":"shop"}`,
		`{"message":"a"}`, "shop", micro},

	{"syslog, sent", "<34>Nov 26 10:11:12 host shop[4711]: " + plain, plain, "shop", sec},
	{"syslog", "Nov 26 10:11:12 host shop[4711]: " + plain, plain, "shop", sec},
	{"syslog, no number", "Nov 26 10:11:12 host kernel: a", "a", "kernel", sec},
	{"syslog, a path", "Nov 26 10:11:12 host docker/shop[1]: a", "a", "shop", sec},
	{"syslog, one digit", "Nov  6 10:11:12 host shop: a", "a", "shop", sec.AddDate(0, 0, -20)},
	{"syslog, last year", "Dec 26 10:11:12 host shop: a", "a", "shop", sec.AddDate(-1, 1, 0)},
	{"syslog, leap day", "Feb 29 10:11:12 host shop: a", "a", "shop", time.Date(2024, 2, 29, 10, 11, 12, 0, time.UTC)},
	{"syslog, no host", "<34>Nov 26 10:11:12 shop[4711]: a", "a", "shop", sec},
	{"syslog, no tag", "<34>Nov 26 10:11:12 something else", "something else", "", sec},
	{"syslog, JSON's mark", `Nov 26 10:11:12 host shop: @cee: {"a":1}`, `{"a":1}`, "shop", sec},
	{"rsyslog", "2026-11-26T11:11:12.123456+01:00 host shop[4711]: " + plain, plain, "shop", micro},
	{"journalctl, iso", "2026-11-26T10:11:12+00:00 host shop[4711]: a", "a", "shop", sec},
	{"journalctl, precise", "Nov 26 10:11:12.123456 host shop[4711]: a", "a", "shop", micro},
	{"heroku", "2026-11-26T10:11:12.123456+00:00 app[web.1]: a", "a", "app", micro},
	{"syslog 5424", "<34>1 2026-11-26T10:11:12.123456Z host shop 4711 ID47 - " + plain, plain, "shop", micro},
	{"syslog 5424, data", `<34>1 2026-11-26T10:11:12.123456Z host shop - - [a@1 b="]\"\\" c=""][d@1] a`, "a", "shop", micro},
	{"syslog 5424, an ID", `<34>1 2026-11-26T10:11:12.123456Z host shop - - [a@1 trace_id="463ac35c9f6413ad"] level=info msg=a`,
		`level=info msg=a trace_id="463ac35c9f6413ad"`, "shop", micro},
	{"syslog 5424, no ID", `<34>1 2026-11-26T10:11:12.123456Z host shop - - [a@1 trace_id="a\]b" span_id=""] {}`, "{}", "shop", micro},
	{"syslog 5424, byte order mark", "<34>1 2026-11-26T10:11:12.123456Z host shop - - - \xEF\xBB\xBFa", "a", "shop", micro},
	{"syslog 5424, no message", "<34>1 2026-11-26T10:11:12.123456Z host shop - - -", "", "shop", micro},
	{"syslog 5424, nothing", "<34>1 - - - - - - a", "a", "", none},
	{"syslog 5424, in a file", "1 2026-11-26T10:11:12.123456Z host shop - - - a", "a", "shop", micro},

	{"stern", "shop-7d9f8c6b5-x2x9z shop " + plain, plain, "shop", none},
	{"stern, coloured", "\x1b[36mshop-7d9f8c6b5-x2x9z\x1b[0m \x1b[96mshop\x1b[0m " + plain, plain, "shop", none},
	{"stern, namespace", "prod shop-7d9f8c6b5-x2x9z shop " + plain, plain, "shop", none},
	{"stern, a pod of a stateful set", "db-0 postgres " + shopLine, shopLine, "postgres", none},
	{"stern, times", "shop-x2x9z shop 2026-11-26T10:11:12.123456789Z a", "a", "shop", nano},
	{"stern json", `{"message":"say \"a\"\n","nodeName":"n","namespace":"default","podName":"shop-x2x9z","containerName":"shop"}`, `say "a"`, "shop", none},
	{"stern extjson", `{"pod": "shop-x2x9z", "container": "shop", "message": {"a": 1}}`, `{"a": 1}`, "shop", none},
	{"stern extjson, namespace", `{"namespace": "n", "pod": "shop-x2x9z", "container": "shop", "message": "a"}`, `a`, "shop", none},

	{"aws, ECS", "2026-11-26T10:11:12.123456+00:00 ecs/shop/0123456789abcdef0123456789abcdef " + plain, plain, "shop", micro},
	{"aws, Lambda", "2026-11-26T10:11:12+00:00 2026/11/26/[$LATEST]0123 " + plain, plain, "2026/11/26/[$LATEST]0123", sec},
	{"aws, any stream and JSON", "2026-11-26T10:11:12.123456+00:00 i-0123 " + shopLine, shopLine, "i-0123", micro},
	{"aws, coloured", "\x1b[32m2026-11-26T10:11:12.123456+00:00\x1b[0m \x1b[36ma/b\x1b[0m c", "c", "a/b", micro},
	{"aws, short", "2026-11-26T10:11:12 " + shopLine, shopLine, "", sec},

	{"gcloud, JSON", `{"insertId":"i","jsonPayload":{"message":"a","time":"t"},"logName":"l","resource":{"labels":{"container_name":"shop"},"type":"k8s_container"},` +
		`"severity":"ERROR","spanId":"a2fb4a1d1a96d312","timestamp":"2026-11-26T10:11:12.123456789Z","trace":"projects/p/traces/5759e988bd862e3fe1be46a994272793"}`,
		`{"message":"a","time":"t","logging.googleapis.com/insertId":"i","logName":"l","resource":{"labels":{"container_name":"shop"},"type":"k8s_container"},` +
			`"severity":"ERROR","logging.googleapis.com/spanId":"a2fb4a1d1a96d312","logEntry.timestamp":"2026-11-26T10:11:12.123456789Z",` +
			`"logging.googleapis.com/trace":"projects/p/traces/5759e988bd862e3fe1be46a994272793"}`, "shop", nano},
	{"gcloud, text", `{"insertId":"i","logName":"l","resource":{"labels":{"service_name":"shop"}},"textPayload":"say \"a\"\n\tat b\n","timestamp":"2026-11-26T10:11:12.123456789Z"}`,
		`{"message":"say \"a\"\n\tat b","logging.googleapis.com/insertId":"i","logName":"l","resource":{"labels":{"service_name":"shop"}},"time":"2026-11-26T10:11:12.123456789Z"}`, "shop", nano},
	{"gcloud, pairs", `{"insertId":"i","logName":"l","resource":{"type":"global"},"textPayload":"level=info msg=a","timestamp":"2026-11-26T10:11:12.123456789Z"}`,
		`level=info msg=a logging.googleapis.com/insertId="i" logName="l" resource="{\"type\":\"global\"}" time="2026-11-26T10:11:12.123456789Z"`, "", nano},
	{"gcloud, a request", `{"httpRequest":{"status":200},"insertId":"i","logName":"l","resource":{},"timestamp":"2026-11-26T10:11:12.123456789Z"}`,
		`{"httpRequest":{"status":200},"logging.googleapis.com/insertId":"i","logName":"l","resource":{},"time":"2026-11-26T10:11:12.123456789Z"}`, "", nano},

	{"logcli", `{"labels":{"app":"x","container":"shop"},"line":"say \"a\"","timestamp":"2026-11-26T10:11:12.123456789Z"}`, `say "a"`, "shop", nano},
	{"logcli, no labels", `{"line":"a","timestamp":"2026-11-26T10:11:12.123456789Z"}`, "a", "", nano},
	{"logcli, an ID", `{"labels":{"service_name":"shop","trace_id":"463ac35c9f6413ad"},"line":"a","timestamp":"2026-11-26T10:11:12.123456789Z"}`,
		`{"message":"a","trace_id":"463ac35c9f6413ad"}`, "shop", nano},
	{"logcli, an ID that the line has", `{"labels":{"trace_id":"463ac35c9f6413ad"},"line":"[463ac35c9f6413ad] a","timestamp":"2026-11-26T10:11:12.123456789Z"}`,
		"[463ac35c9f6413ad] a", "", nano},

	{"logcli, default", `2026-11-26T10:11:12Z {app="x", container="shop"}      ` + plain, plain, "shop", sec},
	{"logcli, default, an ID", `2026-11-26T10:11:12Z {service_name="shop",trace_id="463ac35c9f6413ad"} a`, `{"message":"a","trace_id":"463ac35c9f6413ad"}`, "shop", sec},
	{"compose in docker", dockerLine("shop-1  | a"), "a", "shop", nano},
	{"docker in kubectl", "[pod/p/shop] " + dockerLine("a"), "a", "shop", nano},
	{"docker in syslog in compose", "x-1  | <34>Nov 26 10:11:12 host shop[1]: " + dockerLine(plain), plain, "shop", nano},
}

func TestWrapper(t *testing.T) {
	for _, tt := range wrapped {
		t.Run(tt.name, func(t *testing.T) {
			want := []got{{Text: tt.text, Service: tt.service, Time: tt.time, Number: 1}}
			for _, end := range []string{"", "\n", "\r\n"} {
				assert.Equal(t, want, gotOf(t, tt.line+end), "Reader of %q", tt.line+end)
			}
		})
	}
}

// A line that only looks like a line of a shipper stays as it is.
func TestWrapperNone(t *testing.T) {
	for _, line := range notWrapped {
		t.Run(line, func(t *testing.T) {
			want := []got{{Text: line, Number: 1}}
			assert.Equal(t, want, gotOf(t, line+"\n"), "Reader of %q", line)
		})
	}
}

// notWrapped are lines without a wrapper.
var notWrapped = []string{
	"", " ", "{", "[", "<", "\x1b", "2", "a", "{}", "[]", `{"log":`, `{"log":"a"}`,
	shopLine,
	plain,
	`{"log":"a\n","stream":"stdout"}`,
	`{"log":"a\n","stream":"stdout","time":"yesterday"}`,
	`{"log":"a\n","stream":"stdout","time":"2026-11-26T10:11:12.123456789Z"`,
	`{"log":"a\n","stream":"stdout","time":"2026-11-26T10:11:12.123456789Z"} and more`,
	`{"log":"\x","stream":"stdout","time":"2026-11-26T10:11:12.123456789Z"}`,
	`{"log":"\u12","stream":"stdout","time":"2026-11-26T10:11:12.123456789Z"}`,
	`{"log":{"level":"info"},"stream":"stdout","time":"2026-11-26T10:11:12.123456789Z"}`,
	`{"message":"a","podName":1,"containerName":"b"}`,
	`{"message":"a","podName":"b"}`,
	`{"line":"a"}`,
	`{"line":7,"timestamp":"2026-11-26T10:11:12Z"}`,
	`{"MESSAGE":null,"__REALTIME_TIMESTAMP":"1795687872123456"}`,
	`{"MESSAGE":[1,256],"__REALTIME_TIMESTAMP":"1795687872123456"}`,
	`{"MESSAGE":[],"__REALTIME_TIMESTAMP":"1795687872123456"}`,
	`{"MESSAGE":"a","__REALTIME_TIMESTAMP":"-1"}`,
	`{"MESSAGE":"a"}`,
	`{"insertId":"i","jsonPayload":{"a":1}}`,
	"2026-11-26T10:11:12.123Z INFO a",
	"2026-11-26T10:11:12.123456Z  INFO a",
	"2026-11-26T10:11:12.123456+00:00 INFO starting",
	"2026-11-26T10:11:12.123456+00:00 /cart GET 200",
	"2026-11-26T10:11:12.123456+00:00 a=b/c d",
	"2026-11-26T10:11:12.123456789Z",
	"2026-11-26T10:11:12.123456789 a",
	"2026-13-26T10:11:12.123456789Z a",
	"2026-02-29T10:11:12.123456789Z a",
	"2026-11-26T24:11:12.123456789Z a",
	"2026-11-26T10:11:12.123456789+1 a",
	"2026-11-26T10:11:12Z stdout X a",
	"2026-11-26T10:11:12Z stdout Fa",
	"2026-11-26T10:11:12Z stdin F a",
	"[pod/shop",
	"[pod/a b/c] x",
	"[pod/shop] a",
	"[error] a",
	"[main] a",
	"[x2x9z] a",
	"2026-11-26T10:11:12Z {a} b",
	`2026-11-26T10:11:12Z {a="b} c`,
	`2026-11-26T10:11:12Z {a="b"}c`,
	"2026-11-26T10:11:12.123456+00:00 main: a",
	"Nov 26 10:11:12 shop: a",
	"a@b  | c d",
	"INFO  | a",
	"info  | a",
	"Shop  | a",
	"shop | a",
	"shop-1| a",
	"shop-1  |a",
	"2026-11  | a",
	"a b | c",
	"Nov 26 10:11:12 INFO a",
	"Nov 26 10:11:12 ERROR: a",
	"Nov 26 10:11:12 INFO main: a",
	"Nov 32 10:11:12 host shop: a",
	"Nov 26 10:61:12 host shop: a",
	"Foo 26 10:11:12 host shop: a",
	"<1234>Nov 26 10:11:12 host shop: a",
	"<>Nov 26 10:11:12 host shop: a",
	"<html>",
	"1 2026-11-26T10:11:12Z host",
	"<34>1 2026-11-26T10:11:12Z host shop - - [a b a",
	`<34>1 2026-11-26T10:11:12Z host shop - - [a b="c`,
	"deleted shop-7d9f8c6b5-x2x9z successfully",
	"deleted shop-7d9f8c6b5-x2x9z successfully at once",
	"2026-11-26T10:11:12.123Z http server: listening",
	"2026-11-26T10:11:12.123456Z http server: listening",
	"2026-11-26T10:11:12.123+00:00 http server: listening",
	"shop-1 started at once",
	"my-words here again",
	"\x1b[31mERROR\x1b[0m a",
	"\x1b[2J",
	"\x1b[",
}

// The reference gives a year to syslog times, and a zone to times without one.
func TestReaderReference(t *testing.T) {
	east := time.FixedZone("east", 2*60*60)
	tests := []struct {
		name, line string
		reference  time.Time
		want       time.Time
	}{
		{"this year", "Nov 26 10:11:12 h s: a", changed, sec},
		{"a clock that is ahead", "Nov 27 10:11:12 h s: a", changed, sec.AddDate(0, 0, 1)},
		{"last year", "Nov 28 10:11:12 h s: a", changed, sec.AddDate(-1, 0, 2)},
		{"the last day of the year", "Dec 31 10:11:12 h s: a", time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), sec.AddDate(0, 1, 5)},
		{"a zone", "Nov 26 12:11:12 h s: a", changed.In(east), sec},
		{"a time without a zone", "2026-11-26T12:11:12 {}", changed.In(east), sec},
		{"a time with a zone", "2026-11-26T10:11:12Z {}", changed.In(east), sec},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			raw, err := timeline.NewReader(strings.NewReader(tt.line), tt.reference).Next()
			require.NoError(t, err)
			assert.Equal(t, tt.want, raw.Time, "time of %q", tt.line)
		})
	}
}

// A Reader joins the parts of a cut line, separately for each stream.
func TestReaderJoins(t *testing.T) {
	at := "2026-11-26T10:11:12.123456789Z"
	long := strings.Repeat("x", 16<<10)
	part := func(text string) string {
		return fmt.Sprintf(`{"log":%s,"stream":"stdout","time":%q}`, quoted(text), at)
	}
	tests := []struct {
		name   string
		lines  []string
		texts  []string
		number []int
	}{
		{"cri", []string{at + " stdout P trace_id=463ac35c", at + " stdout P 9f64", at + " stdout F 13ad b"},
			[]string{"trace_id=463ac35c9f6413ad b"}, []int{1}},
		{"cri, two streams", []string{at + " stdout P a", at + " stderr P x", at + " stdout F b", at + " stdout F c", at + " stderr F y"},
			[]string{"ab", "c", "xy"}, []int{1, 4, 2}},
		{"cri, another line between", []string{at + " stdout P a", "else", at + " stdout F b"}, []string{"else", "ab"}, []int{2, 1}},
		{"cri, lines without a last part", []string{at + " stdout P a", at + " stderr P x", at + " stdout P b"}, []string{"ab", "x"}, []int{1, 2}},
		{"cri, tags", []string{at + " stdout P:z a", at + " stdout F:z b"}, []string{"ab"}, []int{1}},
		{"cri, spaces at the cut", []string{at + " stdout P a ", at + " stdout F  b"}, []string{"a  b"}, []int{1}},
		{"cri, an empty last part", []string{at + " stdout P a", at + " stdout F "}, []string{"a"}, []int{1}},
		{"cri, JSON", []string{at + " stdout P " + dockerLine("ab")[:20], at + " stdout F " + dockerLine("ab")[20:]}, []string{"ab"}, []int{1}},
		{"cri in kubectl", []string{"[pod/a/a] " + at + " stdout P 1", "[pod/b/b] " + at + " stdout P 2", "[pod/b/b] " + at + " stdout F 3", "[pod/a/a] " + at + " stdout F 4"},
			[]string{"23", "14"}, []int{2, 1}},
		{"docker", []string{part(long), part("y\n"), part("z\n")}, []string{long + "y", "z"}, []int{1, 3}},
		{"docker, short lines without newlines", []string{part("a"), part("b")}, []string{"a", "b"}, []int{1, 2}},
		{"journald", []string{
			`{"MESSAGE":"a","__REALTIME_TIMESTAMP":"1","CONTAINER_NAME":"shop","CONTAINER_PARTIAL_MESSAGE":"true"}`,
			`{"MESSAGE":"b","__REALTIME_TIMESTAMP":"2","CONTAINER_NAME":"shop"}`}, []string{"ab"}, []int{1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			source := strings.Join(tt.lines, "\n") + "\n"
			for name, src := range map[string]io.Reader{
				"whole":   strings.NewReader(source),
				"by byte": iotest.OneByteReader(strings.NewReader(source)),
			} {
				all, dropped := gotAll(t, src)
				var texts []string
				var number []int
				for _, g := range all {
					texts = append(texts, g.Text)
					number = append(number, g.Number)
				}
				assert.Equal(t, tt.texts, texts, "texts, read %s", name)
				assert.Equal(t, tt.number, number, "numbers, read %s", name)
				assert.Zero(t, dropped)
			}
		})
	}
}

// If too many lines are open, a Reader still returns each of their parts exactly once.
func TestReaderJoinsMany(t *testing.T) {
	const streams = 100
	var source strings.Builder
	for _, tag := range []string{"P", "P", "F"} {
		for i := range streams {
			fmt.Fprintf(&source, "[pod/p/c%d] 2026-11-26T10:11:12Z stdout %s <%d%s>\n", i, tag, i, tag)
		}
	}
	text := map[string]string{}
	for _, g := range gotOf(t, source.String()) {
		text[g.Service] += g.Text
	}
	require.Len(t, text, streams)
	for i := range streams {
		assert.Equal(t, fmt.Sprintf("<%dP><%dP><%dF>", i, i, i), text[fmt.Sprint("c", i)])
	}
}

// A joined line is cut at the same length as any other line.
func TestReaderJoinsTooLong(t *testing.T) {
	const at = "2026-11-26T10:11:12Z stdout "
	part := strings.Repeat("x", 400<<10)
	all, dropped := gotAll(t, strings.NewReader(strings.Repeat(at+"P "+part+"\n", 3)+at+"F "+part+"\n"+at+"F next\n"))
	require.Len(t, all, 2)
	assert.Len(t, all[0].Text, timeline.MaxLine)
	assert.True(t, all[0].Cut)
	assert.EqualValues(t, 4*len(part)-timeline.MaxLine, dropped)
	assert.Equal(t, "next", all[1].Text)
	assert.False(t, all[1].Cut)
}

// A Reader returns the objects of an array one by one, like lines. It reads any other text line by
// line.
func TestReaderArray(t *testing.T) {
	tests := []struct {
		name, source string
		texts        []string
		numbers      []int
	}{
		{"gcloud", "[\n  {\n    \"a\": 1\n  },\n  {\n    \"b\": \"]},{\\\"\"\n  }\n]\n", []string{"{\n    \"a\": 1\n  }", "{\n    \"b\": \"]},{\\\"\"\n  }"}, []int{2, 5}},
		{"on one line", `[{"a":1},{"b":{"c":[{}]}}]`, []string{`{"a":1}`, `{"b":{"c":[{}]}}`}, []int{1, 1}},
		{"two arrays", "[{\"a\":1}]\n[\n{\"b\":1}]\n", []string{`{"a":1}`, `{"b":1}`}, []int{1, 3}},
		{"lines behind an array", "[{\"a\":1}] \r\nb\nc", []string{`{"a":1}`, "b", "c"}, []int{1, 2, 3}},
		{"text behind an array on the same line", "[{\"a\":1}] b\n", []string{`{"a":1}`, " b"}, []int{1, 1}},
		{"byte order mark", "\xEF\xBB\xBF[{\"a\":1}]", []string{`{"a":1}`}, []int{1}},
		{"spaces before an array", "  [\n{\"a\":1}]", []string{`{"a":1}`}, []int{2}},
		{"an empty line before an array", "\n[\n{}]", []string{"", "[", "{}]"}, []int{1, 2, 3}},
		{"an array that is cut off", "[\n{\"a\":1},\n{\"b\":\n", []string{`{"a":1}`, ",", `{"b":`}, []int{2, 2, 3}},
		{"no comma between objects", "[{\"a\":1}{\"b\":1}]\n", []string{`{"a":1}`, `{"b":1}`}, []int{1, 1}},
		{"an element that is not an object", "[{\"a\":1}, 7]\n{}", []string{`{"a":1}`, `, 7]`, "{}"}, []int{1, 1, 2}},
		{"an array that is not at the beginning", "a\n[\n{\"a\":1}\n]\n", []string{"a", "[", `{"a":1}`, "]"}, []int{1, 2, 3, 4}},
		{"no array", "[error] a\n[\n", []string{"[error] a", "["}, []int{1, 2}},
		{"an array of numbers", "[\n1,\n2]\n", []string{"[", "1,", "2]"}, []int{1, 2, 3}},
		{"only a bracket", "[", []string{"["}, []int{1}},
		{"an empty array", "[]\n", []string{"[]"}, []int{1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, src := range map[string]io.Reader{
				"whole":   strings.NewReader(tt.source),
				"by byte": iotest.OneByteReader(strings.NewReader(tt.source)),
			} {
				all, dropped := gotAll(t, src)
				var texts []string
				var numbers []int
				for _, g := range all {
					texts = append(texts, g.Text)
					numbers = append(numbers, g.Number)
				}
				assert.Equal(t, tt.texts, texts, "texts, read %s", name)
				assert.Equal(t, tt.numbers, numbers, "numbers, read %s", name)
				assert.Zero(t, dropped)
			}
		})
	}
}

// If an object in an array has no end, no line behind it is lost.
func TestReaderArrayTooLong(t *testing.T) {
	source := "[{\"a\":1},\n{\"b\":\"" + strings.Repeat("x\n", timeline.MaxLine)
	all, dropped := gotAll(t, strings.NewReader(source))
	assert.Zero(t, dropped)
	assert.Len(t, all, 1+1+timeline.MaxLine)
}

// gcloud prints an entry on several lines, as MarshalIndent does.
func TestReaderGcloud(t *testing.T) {
	entry := func(text string, n int) map[string]any {
		return map[string]any{"insertId": strconv.Itoa(n), "logName": "projects/p/logs/stdout", "textPayload": text,
			"resource": map[string]any{"type": "k8s_container", "labels": map[string]string{"container_name": "shop"}},
			"labels":   map[string]string{"k8s-pod/app": "shop"}, "timestamp": stampNano, "trace": "projects/p/traces/5759e988bd862e3fe1be46a994272793"}
	}
	source, err := json.MarshalIndent([]any{entry("first\n\tat x", 1), entry("second", 2)}, "", "  ")
	require.NoError(t, err)
	all := gotOf(t, string(source)+"\n")
	require.Len(t, all, 2)
	for i, message := range []string{"first\n\tat x", "second"} {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(all[i].Text), &fields), "%s", all[i].Text)
		assert.Equal(t, map[string]any{"message": message, "logging.googleapis.com/insertId": strconv.Itoa(i + 1), "logName": "projects/p/logs/stdout",
			"resource":                      map[string]any{"type": "k8s_container", "labels": map[string]any{"container_name": "shop"}},
			"logging.googleapis.com/labels": map[string]any{"k8s-pod/app": "shop"}, "time": stampNano,
			"logging.googleapis.com/trace": "projects/p/traces/5759e988bd862e3fe1be46a994272793"}, fields)
		assert.NotContains(t, all[i].Text, "\n")
		assert.Equal(t, "shop", all[i].Service)
		assert.Equal(t, nano, all[i].Time)
	}
}

// Deep nesting needs no stack, and no more time than other text of the same length.
func TestReaderDeep(t *testing.T) {
	const depth = 100_000
	deep := strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
	for _, line := range []string{
		`{"insertId":"i","jsonPayload":` + deep + `,"logName":"l","resource":{},"timestamp":"` + stampNano + `"}`,
		`{"log":"a\n","stream":"stdout","kubernetes":` + deep + `}`,
		`{"labels":` + strings.Repeat("[", depth) + `,"line":"a","timestamp":"` + stampNano + `"}`,
	} {
		assert.Len(t, gotOf(t, line), 1)
		assert.Len(t, gotOf(t, "["+line+"]"), 1)
	}
}

// A Reader returns the text inside any wrapper unchanged.
func FuzzWrapper(f *testing.F) {
	for _, tt := range wrapped {
		f.Add(tt.line)
		f.Add(tt.text)
	}
	f.Add(strings.Repeat("x", 17<<10))
	f.Fuzz(func(t *testing.T, text string) {
		gotAll(t, strings.NewReader(text)) // Any text is a source: reading it must not fail.
		if strings.ContainsAny(text, "\n\r") || strings.HasPrefix(text, "\x00") || len(text) > 100<<10 {
			return
		}
		want := gotOf(t, "\n"+text+"\n")[1:]
		if len(want) != 1 || want[0].Text != text {
			return // the text has a wrapper itself, and with one more there may be too many
		}
		valid := string([]rune(text)) // as encoding/json reads it
		number, _ := json.Marshal(ints(text))
		for _, w := range []struct{ name, line, want string }{
			{"docker", dockerLine(text), valid},
			{"cri", stampNano + " stdout F " + text, text},
			{"kubectl", "[pod/p/c] " + text, text},
			{"compose", "c-1  | " + text, text},
			{"syslog", "<34>Nov 26 10:11:12 h c[1]: " + text, text},
			{"syslog new", "<34>1 2026-11-26T10:11:12Z h c 1 - [a b=\"c\"] " + text, text},
			{"stern", "c-x2x9z c " + text, text},
			{"stern json", `{"message":` + quoted(text) + `,"nodeName":"n","namespace":"n","podName":"c-x2x9z","containerName":"c"}`, valid},
			{"logcli", `{"labels":{"container":"c"},"line":` + quoted(text) + `,"timestamp":"` + stampNano + `"}`, valid},
			{"journald", `{"MESSAGE":` + quoted(text) + `,"__REALTIME_TIMESTAMP":"1","_COMM":"c"}`, valid},
			{"journald, bytes", `{"MESSAGE":` + string(number) + `,"__REALTIME_TIMESTAMP":"1","_COMM":"c"}`, text},
		} {
			if w.name == "journald, bytes" && text == "" {
				continue // journalctl writes null for no bytes
			}
			if strings.HasPrefix(w.name, "syslog") && (strings.HasPrefix(text, "@cee:") || strings.HasPrefix(text, "\xEF\xBB\xBF")) {
				continue // the Reader removes these prefixes
			}
			all := gotOf(t, w.line+"\n")
			if assert.Len(t, all, 1, "%s: lines of %q", w.name, w.line) {
				assert.Equal(t, w.want, all[0].Text, "%s: text of %q", w.name, w.line)
			}
		}
	})
}

func ints(text string) []int {
	all := make([]int, len(text))
	for i := range len(text) {
		all[i] = int(text[i])
	}
	return all
}

// Our own reader of JSON accepts the same texts as encoding/json, and reads the same values.
func FuzzWrapperJSON(f *testing.F) {
	for _, tt := range wrapped {
		f.Add([]byte(tt.line))
		f.Add([]byte(tt.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var theirs string
		if json.Unmarshal(text, &theirs) != nil || bytes.ContainsAny(text, "\n\r") || !json.Valid(text) || strings.ContainsRune(theirs, '\uFFFD') {
			return
		}
		line := `{"log":` + strings.TrimSpace(string(text)) + `,"stream":"stdout","time":"` + stampNano + `"}`
		r := timeline.NewReader(strings.NewReader(line), changed)
		raw, err := r.Next()
		require.NoError(t, err)
		want := gotOf(t, "\n"+strings.TrimSuffix(strings.TrimSuffix(theirs, "\n"), "\r"))
		if len(want) == 2 && want[1].Text == theirs && strings.HasPrefix(line, `{"log":"`) {
			assert.Equal(t, theirs, string(raw.Text), "text of %s", line)
		}
	})
}
