package logrusctx_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"example.com/clew/logctx/logrusctx"
	"example.com/clew/trace"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	id64    = "463ac35c9f6413ad"
	id128   = "5759e988bd862e3fe1be46a994272793"
	spanID  = "a2fb4a1d1a96d312"
	message = "hello"
)

type fields = map[string]any

func in(single string) context.Context {
	b, err := trace.Parse(single)
	if err != nil {
		panic(err)
	}
	return trace.NewContext(context.Background(), b)
}

func request() context.Context { return in(id128 + "-" + spanID + "-1") }

func merge(all ...fields) fields {
	merged := fields{}
	for _, f := range all {
		maps.Copy(merged, f)
	}
	return merged
}

var (
	ids  = fields{"trace_id": id128, "span_id": spanID}
	line = fields{"level": "info", "msg": message}
)

func newLogger(to io.Writer, cfg logctx.Config) *logrus.Logger {
	l := logrus.New()
	l.SetOutput(to)
	l.SetFormatter(&logrus.JSONFormatter{DisableTimestamp: true})
	l.AddHook(logrusctx.New(cfg))
	return l
}

func lines(t *testing.T, out *bytes.Buffer) (lines []fields) {
	t.Helper()
	for dec := json.NewDecoder(out); ; {
		var line fields
		err := dec.Decode(&line)
		if err == io.EOF {
			out.Reset()
			return lines
		}
		require.NoError(t, err)
		lines = append(lines, line)
	}
}

func one(t *testing.T, out *bytes.Buffer) fields {
	t.Helper()
	all := lines(t, out)
	require.Len(t, all, 1, "log lines")
	return all[0]
}

func TestLine(t *testing.T) {
	other := in(id64 + "-" + spanID)
	var nilContext context.Context
	for _, tt := range []struct {
		name     string
		log      func(l *logrus.Logger)
		explicit string
		rest     fields
	}{
		{"plain", func(l *logrus.Logger) { l.Info(message) }, "", nil},
		{"fields", func(l *logrus.Logger) { l.WithField("n", 1).WithField("m", 2).Info(message) }, "", fields{"n": 1.0, "m": 2.0}},
		{"context", func(l *logrus.Logger) { l.WithContext(other).WithField("n", 1).Info(message) }, id64, fields{"n": 1.0}},
		{"context without a trace", func(l *logrus.Logger) { l.WithContext(context.Background()).Info(message) }, "", nil},
		{"nil context", func(l *logrus.Logger) { l.WithContext(nilContext).Info(message) }, "", nil},
		{"an entry made by hand", func(l *logrus.Logger) { (&logrus.Entry{Logger: l}).Info(message) }, "", nil},
		{"Infof", func(l *logrus.Logger) { l.Infof("%s", message) }, "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			l := newLogger(&out, logctx.Config{})
			want := merge(line, tt.rest)
			outside := want
			implicit := merge(want, ids)
			if tt.explicit != "" {
				outside = merge(want, fields{"trace_id": tt.explicit, "span_id": spanID})
				implicit = outside
			}
			tt.log(l)
			assert.Equal(t, outside, one(t, &out), "line outside of Do")
			trace.Do(request(), func(context.Context) { tt.log(l) })
			assert.Equal(t, implicit, one(t, &out), "line in a Do")
		})
	}
}

// An entry that is used for a second line does not keep the IDs of the first line.
func TestKeptEntry(t *testing.T) {
	var out bytes.Buffer
	kept := newLogger(&out, logctx.Config{}).WithField("trace_id", "x")
	kept.WithContext(request()).Info(message)
	trace.Do(request(), func(context.Context) { kept.Info(message) })
	assert.Equal(t, logrus.Fields{"trace_id": "x"}, kept.Data)
	for _, got := range lines(t, &out) {
		assert.Equal(t, merge(line, ids, fields{"trace_id_attr": "x"}), got)
	}
	kept.Info(message)
	assert.Equal(t, merge(line, fields{"trace_id": "x"}), one(t, &out), "without a trace")
}

func TestClash(t *testing.T) {
	for _, tt := range []struct {
		name string
		with logrus.Fields
		want fields
	}{
		{"another value", logrus.Fields{"trace_id": "x"}, fields{"trace_id_attr": "x"}},
		{"case", logrus.Fields{"Trace_ID": 1}, fields{"Trace_ID_attr": 1.0}},
		{"the same value", logrus.Fields{"span_id": spanID, "service": "shop"}, nil},
		{"a value that cannot be compared", logrus.Fields{"span_id": []int{1}}, fields{"span_id_attr": []any{1.0}}},
		{"service", logrus.Fields{"service": true}, fields{"service_attr": true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			newLogger(&out, logctx.Config{Service: "shop"}).WithContext(request()).WithFields(tt.with).Info(message)
			assert.Equal(t, merge(line, ids, fields{"service": "shop"}, tt.want), one(t, &out))
		})
	}
}

func TestPresets(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  logctx.Config
		want fields
	}{
		{"keys", logctx.Config{TraceKey: "t", SpanKey: "s"}, fields{"t": id128, "s": spanID, "service": "shop"}},
		{"Datadog", logctx.Datadog(), fields{"dd.trace_id": "16266516598257821587", "dd.span_id": "11744061942159299346", "service": "shop"}},
		{"Google Cloud", logctx.GoogleCloud("p"), fields{
			"logging.googleapis.com/trace": "projects/p/traces/" + id128, "logging.googleapis.com/spanId": spanID,
			"logging.googleapis.com/trace_sampled": true, "serviceContext": fields{"service": "shop"},
		}},
		{"ECS", logctx.ECS(), fields{"trace.id": id128, "span.id": spanID, "service.name": "shop"}},
		{"Logback", logctx.Logback(), fields{"traceId": id128, "spanId": spanID, "service": "shop"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.Service = "shop"
			var out bytes.Buffer
			l := newLogger(&out, tt.cfg)
			l.AddHook(logrusctx.New(tt.cfg)) // a second hook changes nothing
			l.WithContext(request()).Info(message)
			assert.Equal(t, merge(line, tt.want), one(t, &out), "line with a context")
			trace.Do(request(), func(context.Context) { l.Info(message) })
			assert.Equal(t, merge(line, tt.want), one(t, &out), "line without a context, in a Do")
		})
	}
}

// Lines of every level have the ID. Lines below the logger's level are not written, and OnMissing
// is not called for them.
func TestLevels(t *testing.T) {
	var out bytes.Buffer
	missing := 0
	l := newLogger(&out, logctx.Config{OnMissing: func(runtime.Frame) { missing++ }})
	l.Debug(message)
	assert.Zero(t, missing, "calls of OnMissing for a line that is not logged")
	l.SetLevel(logrus.TraceLevel)
	l.ExitFunc = func(int) {}
	trace.Do(request(), func(context.Context) {
		for _, level := range logrus.AllLevels {
			func() {
				defer func() { _ = recover() }()
				l.Log(level, message)
			}()
		}
	})
	got := lines(t, &out)
	assert.Len(t, got, len(logrus.AllLevels))
	for _, line := range got {
		assert.Equal(t, id128, line["trace_id"], "the line %v", line)
	}
	assert.Zero(t, missing)
}

func TestOnMissing(t *testing.T) {
	var sites []runtime.Frame
	l := newLogger(io.Discard, logctx.Config{OnMissing: func(site runtime.Frame) { sites = append(sites, site) }})
	here := func() int {
		_, _, line, _ := runtime.Caller(1)
		return line
	}
	for _, log := range []func() int{
		func() int { l.Info(message); return here() },
		func() int { l.WithField("n", 1).Warnf("%d", 1); return here() },
		func() int { l.WithContext(context.Background()).Info(message); return here() },
	} {
		sites = nil
		want := log()
		require.Len(t, sites, 1)
		assert.Equal(t, want, sites[0].Line)
	}
}

// A logger's Writer logs on a goroutine of logrus's own, so its lines have no ID. The lines of an
// entry's Writer have the ID of the entry's context.
func TestWriter(t *testing.T) {
	out := make(outlet, 1)
	l := newLogger(out, logctx.Config{})
	for _, tt := range []struct {
		name  string
		entry *logrus.Entry
		want  fields
	}{
		{"Writer of a logger", logrus.NewEntry(l), line},
		{"Writer of an entry with a context", l.WithContext(request()), merge(line, ids)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			trace.Do(in(id64+"-"+spanID), func(context.Context) {
				w := tt.entry.Writer()
				_, _ = io.WriteString(w, message+"\n")
				assert.Equal(t, tt.want, one(t, bytes.NewBuffer(<-out)))
				_ = w.Close()
			})
		})
	}
}

// outlet is a writer that sends each written text on the channel.
type outlet chan []byte

func (o outlet) Write(p []byte) (int, error) { o <- bytes.Clone(p); return len(p), nil }

// 10,000 requests log, 64 at a time. Each line has the ID of its own request. Only a line without
// a context, on a goroutine from a bare go statement, has no ID.
func TestRequests(t *testing.T) {
	const requests, width = 10_000, 64
	var out bytes.Buffer
	captured := newLogger(&out, logctx.Config{})
	kept := captured.WithField("kept", true)
	var meet atomic.Int64
	var bare sync.WaitGroup
	handler := httpmw.New(httpmw.Config{Implicit: true})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		want := r.Header.Get("X-B3-TraceId")
		captured.WithField("want", want).Info(message)
		for meet.Add(1); meet.Load()%3 != 0; meet.Add(1) { // let other requests log in between
		}
		kept.WithField("want", want).Info(message)
		bare.Go(func() {
			captured.WithField("want", want).Info("bare")
			captured.WithContext(r.Context()).WithField("want", want).Info("explicit")
		})
	}))
	var numbers atomic.Int64
	var serve sync.WaitGroup
	for range width {
		serve.Go(func() {
			for n := numbers.Add(1); n <= requests; n = numbers.Add(1) {
				r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
				r.Header.Set("X-B3-TraceId", fmt.Sprintf("%032x", n))
				r.Header.Set("X-B3-SpanId", fmt.Sprintf("%016x", n))
				handler.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
	serve.Wait()
	bare.Wait()

	type count struct{ lines, wrong, missing int }
	counts := map[any]count{}
	for _, line := range lines(t, &out) {
		c := counts[line["msg"]]
		c.lines++
		switch line["trace_id"] {
		case line["want"]:
		case nil:
			c.missing++
		default:
			c.wrong++
		}
		counts[line["msg"]] = c
	}
	assert.Equal(t, map[any]count{
		message:    {lines: 2 * requests},
		"bare":     {lines: requests, missing: requests},
		"explicit": {lines: requests},
	}, counts)
}
