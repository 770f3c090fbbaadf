package doctor_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/clew/cmd/clew/internal/doctor"
	"github.com/stretchr/testify/assert"
)

// dumping has services that write the request's headers into their lines.
var dumping = []struct {
	name    string
	line    func(in heard, r *http.Request) string
	verdict doctor.Kind
}{
	{"headers in a text", func(_ heard, r *http.Request) string { return fmt.Sprintf("GET /x headers=%v", r.Header) }, doctor.Echoed},
	{"headers in JSON", func(_ heard, r *http.Request) string {
		headers, _ := json.Marshal(r.Header)
		return `{"level":"INFO","msg":"request","headers":` + string(headers) + "}"
	}, doctor.Echoed},
	{"headers in JSON, a field for each", func(_ heard, r *http.Request) string {
		return fmt.Sprintf(`{"msg":"request","b3":%q,"x-b3-traceid":%q,"x-b3-spanid":%q,"traceparent":%q}`,
			r.Header.Get("b3"), r.Header.Get("X-B3-TraceId"), r.Header.Get("X-B3-SpanId"), r.Header.Get("traceparent"))
	}, doctor.Echoed},
	{"the ID in a warning about the header", func(in heard, _ *http.Request) string {
		return `{"level":"WARN","msg":"cannot parse trace header, starting without a trace","value":"` + in.trace + `"}`
	}, doctor.Echoed},
	{"headers beside a new trace", func(_ heard, r *http.Request) string {
		return fmt.Sprintf("GET /x headers=%v trace_id=%032x", r.Header, 0xabcdef00000+next())
	}, doctor.Restarted},
	{"headers beside a padded ID", func(in heard, r *http.Request) string {
		return fmt.Sprintf("GET /x headers=%v trace_id=%s", r.Header, padded(orNew(in.trace)))
	}, doctor.Padded},
	{"headers beside the caller's trace", func(in heard, r *http.Request) string {
		return fmt.Sprintf("GET /x headers=%v trace_id=%s", r.Header, orNew(in.trace))
	}, doctor.Adopted},
	{"the trace and a joined span, as Spring writes them", func(in heard, _ *http.Request) string {
		return fmt.Sprintf("2026-11-27T10:11:12.123Z  INFO 1 --- [shop] [main] [%s-%s] c.s.Shop : done", orNew(in.trace), in.span)
	}, doctor.Adopted},
	{"nginx, as the manual says", func(_ heard, r *http.Request) string {
		return fmt.Sprintf(`127.0.0.1 [2026-11-27T10:11:12+00:00] "GET /thing HTTP/1.1" 200 b3=%s trace=%s "%s"`,
			cmp.Or(r.Header.Get("b3"), "-"), cmp.Or(r.Header.Get("X-B3-TraceId"), "-"), r.UserAgent())
	}, doctor.Echoed},
	{"nginx, with traceparent", func(_ heard, r *http.Request) string {
		return fmt.Sprintf(`127.0.0.1 [2026-11-27T10:11:12+00:00] "GET /thing HTTP/1.1" 200 b3=%s trace=%s parent=%s`,
			cmp.Or(r.Header.Get("b3"), "-"), cmp.Or(r.Header.Get("X-B3-TraceId"), "-"), cmp.Or(r.Header.Get("traceparent"), "-"))
	}, doctor.Echoed},
}

func TestDumpedHeaders(t *testing.T) {
	for _, test := range dumping {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := logged(t, config(), test.line)
			assert.Equal(t, test.verdict, d.Verdict, "%+v", d)
			if test.verdict == doctor.Echoed {
				assert.Zero(t, find(d, doctor.Adopted, "logs").Count, "%+v", d)
			}
		})
	}
}

// If a log of nginx has no IDs, the findings about the service's own lines stay the same.
func TestLogWithoutIDs(t *testing.T) {
	d := logged(t, config(), func(in heard, r *http.Request) string {
		return `{"service":"app","trace_id":"` + orNew(in.trace) + `"}` + "\n" + `{"service":"nginx","message":"GET ` + r.UserAgent() + `"}`
	})
	assert.Equal(t, doctor.Dropped, d.Verdict)
	assert.Contains(t, d.Says, "The trace goes on, but some lines")
	d = logged(t, config(), func(_ heard, r *http.Request) string { return `{"message":"GET ` + r.UserAgent() + `"}` })
	assert.Equal(t, doctor.Dropped, d.Verdict)
	assert.Contains(t, d.Says, "lines have no trace ID")
}

// A sampling decision in a line counts even if the line does not come from clew's middleware. If a
// service writes debug lines for all requests, they show no fault.
func TestDecisionInLines(t *testing.T) {
	t.Parallel()
	for field, verdict := range map[string]doctor.Kind{
		`"sampled":false`: doctor.Resampled, `"sampled":true`: doctor.Resampled, `"trace_flags":"01"`: doctor.Resampled, `"other":1`: doctor.Adopted,
	} {
		d := logged(t, config(), func(in heard, _ *http.Request) string { return `{"trace_id":"` + orNew(in.trace) + `",` + field + `}` })
		assert.Equal(t, verdict, d.Verdict, "%s: %+v", field, d)
	}
	d := logged(t, config(), func(in heard, _ *http.Request) string {
		return `{"trace_id":"` + orNew(in.trace) + `","sampled":` + fmt.Sprint(in.state != "0") + `}`
	})
	assert.Contains(t, d.Says, "the same decision")
	for always, count := range map[bool]int{true: 0, false: 7} {
		c := config()
		c.Debug = true
		d := logged(t, c, func(in heard, _ *http.Request) string {
			level := "info"
			if always || in.state == "d" {
				level = "debug"
			}
			return `{"trace_id":"` + orNew(in.trace) + `","level":"` + level + `"}`
		})
		assert.Equal(t, count, find(d, doctor.DebugBelieved, "logs").Count, "%v: %+v", always, d)
	}
}

// Late lines of a target do not count for the next target.
func TestLateLines(t *testing.T) {
	c := config()
	c.Wait = 0
	log, out, end := logTo(t)
	c.Log = log
	var late []string
	first := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		late = append(late, `{"path":"/thing"}`, `{"trace_id":"`+orNew(hear(r.Header).trace)+`"}`)
	})
	second := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(out, late[0]+"\n"+late[1])
		late = late[2:]
	})
	assert.Equal(t, doctor.Unknown, c.Examine(t.Context(), target(t, first)).Verdict)
	c.Wait = time.Second
	d := c.Examine(t.Context(), target(t, second))
	end()
	assert.Equal(t, doctor.Unknown, d.Verdict, "%+v", d)
	assert.NotContains(t, strings.Join(d.Notes, "\n"), "None of the 34 lines")
}

// logged examines a service that writes the text of line for each request.
func logged(t *testing.T, c doctor.Config, line func(in heard, r *http.Request) string) *doctor.Diagnosis {
	t.Helper()
	log, out, end := logTo(t)
	c.Log = log
	d := c.Examine(t.Context(), target(t, serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if text := line(hear(r.Header), r); text != "" {
			fmt.Fprintln(out, text)
		}
	})))
	end()
	return d
}
