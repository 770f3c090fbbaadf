//go:build integration

// These tests run the demo's services against a real Zipkin. The command "make integration" starts
// it.

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/clew/trace"
	"example.com/clew/zipkin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// integration holds the demo's services for one test, and reads their traces from Zipkin.
type integration struct {
	t      *testing.T
	server string // Zipkin's URL
	run    string // a tag of each span of this test, because other tests may use the same Zipkin
	*services
}

// newIntegration starts the services. If through is not nil, their spans go to Zipkin through this
// proxy.
func newIntegration(t *testing.T, log io.Writer, ratio float64, through *proxy) *integration {
	return startIntegration(t, log, config{ratio: ratio}, through)
}

func startIntegration(t *testing.T, log io.Writer, cfg config, through *proxy) *integration {
	server := os.Getenv("CLEW_ZIPKIN")
	require.NotEmpty(t, server, "CLEW_ZIPKIN must be the URL of a Zipkin; make integration starts one")
	i := &integration{t: t, server: server, run: strconv.FormatUint(rand.Uint64(), 36)}
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "test.run="+i.run)
	cfg.zipkin, cfg.drain = server, 20*time.Second
	if through != nil {
		cfg.zipkin = through.url
	}
	s, err := start(log, time.Hour, cfg)
	require.NoError(t, err, "start")
	i.services = s
	t.Cleanup(func() {
		s.shutdown() // in case the test fails before its own shutdown
		http.DefaultClient.CloseIdleConnections()
	})
	return i
}

// ask sends a query to Zipkin and returns the status. It decodes the body if the status is 200.
func (i *integration) ask(path string, query url.Values, answer any) int {
	resp, err := http.Get(i.server + "/api/v2/" + path + "?" + query.Encode())
	require.NoError(i.t, err, path)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(i.t, err, path)
	if resp.StatusCode == http.StatusOK {
		require.NoError(i.t, json.Unmarshal(body, answer), "%s: %s", path, body)
	}
	return resp.StatusCode
}

// stored waits until Zipkin has all spans that the services have sent, and returns this test's
// traces by ID. It has to repeat the query, because Zipkin accepts spans before it has stored
// them.
func (i *integration) stored() map[string][]span {
	query := url.Values{"annotationQuery": {"test.run=" + i.run}, "limit": {"1000000"}, "lookback": {"86400000"}}
	want, deadline := i.stats().Sent, time.Now().Add(30*time.Second)
	for {
		var all [][]span
		require.Equal(i.t, http.StatusOK, i.ask("traces", query, &all), "status of Zipkin's answer")
		traces, got := map[string][]span{}, int64(0)
		for _, trace := range all {
			// If the answer to a batch is lost, clew sends the batch again.
			seen := map[string]bool{}
			trace = slices.DeleteFunc(trace, func(s span) bool {
				was := seen[s.ID]
				seen[s.ID] = true
				return was
			})
			traces[trace[0].TraceID] = trace
			got += int64(len(trace))
		}
		if got == want {
			return traces
		}
		require.Less(i.t, got, want, "number of spans in Zipkin, against the number that was sent")
		require.True(i.t, time.Now().Before(deadline), "Zipkin has %d of the %d spans that were sent", got, want)
	}
}

// dependencies returns the number of calls between services in Zipkin's graph. The keys have the
// form "caller > called".
func (i *integration) dependencies() map[string]int {
	var links []struct {
		Parent, Child string
		CallCount     int
	}
	in := time.Now().Add(time.Minute).UnixMilli()
	status := i.ask("dependencies", url.Values{"endTs": {fmt.Sprint(in)}, "lookback": {"86400000"}}, &links)
	require.Equal(i.t, http.StatusOK, status, "status of Zipkin's answer")
	calls := map[string]int{}
	for _, l := range links {
		calls[l.Parent+" > "+l.Child] = l.CallCount
	}
	return calls
}

// stats returns the sums of the three services' Stats.
func (i *integration) stats() zipkin.Stats {
	var sum zipkin.Stats
	for name, p := range i.spans {
		s := p.Stats()
		assert.Equal(i.t, s.Ended, s.Sent+s.Dropped+s.Queued, "%s: Ended, against Sent + Dropped + Queued: %+v", name, s)
		sum.Ended += s.Ended
		sum.Sent += s.Sent
		sum.Dropped += s.Dropped
		sum.Queued += s.Queued
	}
	return sum
}

// request is a call of the demo. Its other fields describe the trace that Zipkin must store for
// the call.
type request struct {
	call
	parent   string // the parent of the root span
	id       string // the ID in the response
	recorded bool
}

// sendAll sends the requests. It sends as many at once as http.DefaultClient keeps connections.
func (i *integration) sendAll(requests []request) {
	next := make(chan *request)
	var senders sync.WaitGroup
	for range http.DefaultMaxIdleConnsPerHost {
		senders.Go(func() {
			for r := range next {
				var err error
				r.id, r.recorded, err = send(context.Background(), i.mediaURL, r.call)
				assert.NoError(i.t, err, r.media)
				i.stats() // checks the sums while requests run, too
			}
		})
	}
	for n := range requests {
		requests[n].media = fmt.Sprint(n + 1)
		next <- &requests[n]
	}
	close(next)
	senders.Wait()
}

func randomID() string { return fmt.Sprintf("%016x", rand.Uint64()|1) }

// forms are the kinds of callers. If a caller has decided that its trace is sampled, it reports
// its own span. This span is then the parent of the demo's root span.
var forms = []struct {
	name string
	new  func() request
}{
	{"no headers", func() request {
		return request{call: call{header: header()}}
	}},
	{"64-bit X-B3-*, accept", func() request {
		id, span := randomID(), randomID()
		return request{call{want: id, header: header("X-B3-TraceId", id, "X-B3-SpanId", span, "X-B3-Sampled", "1")}, span, "", false}
	}},
	{"64-bit X-B3-*, no decision", func() request {
		id, span := randomID(), randomID()
		return request{call{want: id, header: header("X-B3-TraceId", id, "X-B3-SpanId", span)}, "", "", false}
	}},
	{"128-bit b3, accept", func() request {
		id, span := randomID()+randomID(), randomID()
		return request{call{want: id, header: header("b3", id+"-"+span+"-1-"+randomID())}, span, "", false}
	}},
	{"128-bit b3, no decision", func() request {
		id, span := randomID()+randomID(), randomID()
		return request{call{want: id, header: header("b3", id+"-"+span)}, "", "", false}
	}},
	{"64-bit, debug", func() request {
		id, span := randomID(), randomID()
		return request{call{want: id, debug: true, header: header("X-B3-TraceId", id, "X-B3-SpanId", span, "X-B3-Flags", "1")}, span, "", false}
	}},
	{"128-bit, high half zero", func() request {
		id, span := strings.Repeat("0", 16)+randomID(), randomID()
		return request{call{want: id, header: header("b3", id+"-"+span+"-1")}, span, "", false}
	}},
}

// asStored returns id as Zipkin stores it. Zipkin changes only an ID with 32 digits of which the
// first 16 are zeros: it keeps the last 16, and finds the trace by either form.
func asStored(id string) string {
	if short, ok := strings.CutPrefix(id, strings.Repeat("0", 16)); ok && len(short) == 16 {
		return short
	}
	return id
}

// outlasts reports whether a span seems to end after its parent. That can happen to a few spans:
// the start comes from the wall clock and the duration from another clock. If the process has to
// wait for a processor between the two readings, the start is too early by the length of the wait.
// Start and duration are cut to microseconds, so ends may also differ by up to two microseconds.
func outlasts(end, parents int64) bool { return end > parents+2 }

func TestIntegrationWholeTraces(t *testing.T) {
	var rec recorder
	i := newIntegration(t, &rec, 1, nil)
	before := i.dependencies()
	requests := make([]request, 1_000)
	for n := range requests {
		requests[n] = forms[n%len(forms)].new()
	}
	i.sendAll(requests)
	require.NoError(t, i.shutdown(), "shutdown")
	assert.Equal(t, zipkin.Stats{Ended: 6_000, Sent: 6_000}, i.stats())

	traces := i.stored()
	assert.Len(t, traces, len(requests), "number of traces in Zipkin")
	orphans, late, durations := 0, 0, int64(0)
	logged := map[string]map[string]int{} // by request and ID, the number of lines
	for _, l := range rec.lines() {
		if logged[l.media] == nil {
			logged[l.media] = map[string]int{}
		}
		logged[l.media][l.TraceID]++
	}
	for n, r := range requests {
		form := forms[n%len(forms)].name
		var found []span
		require.Equal(t, http.StatusOK, i.ask("trace/"+r.id, nil, &found), "status of the answer for %s, %s", form, r.id)
		assert.Empty(t, faults(found, asStored(r.id), r.media, r.parent, r.debug), form)
		assert.ElementsMatch(t, traces[asStored(r.id)], found, "%s: the trace that Zipkin finds by its ID, against the trace that it finds by the test's tag", form)
		ends := map[string]int64{}
		for _, s := range found {
			ends[s.ID] = s.Timestamp + s.Duration
			durations += s.Duration
		}
		for _, s := range found {
			end, ok := ends[s.ParentID]
			switch {
			case !ok && s.ParentID != r.parent:
				orphans++
			case ok && outlasts(ends[s.ID], end):
				late++
			}
		}
		lines := 12
		if r.debug {
			lines++
		}
		assert.Equal(t, map[string]int{r.id: lines}, logged[r.media], "%s: IDs of log lines", form)
	}
	assert.Zero(t, orphans, "number of spans without their parent")
	assert.LessOrEqual(t, late, len(requests)/20, "number of spans that seem to end after their parent")

	called := map[string]int{}
	for link, count := range i.dependencies() {
		if count -= before[link]; count != 0 {
			called[link] = count
		}
	}
	assert.Equal(t, map[string]int{"media-api > network-information": 1_000, "media-api > image-store": 1_000, "image-store > dynamodb": 1_000}, called,
		"calls in Zipkin's graph")
	t.Logf("%d traces, %d spans, %d without their parent, %d that seem to outlast their parent, %v for each span; calls %v", len(traces), i.stats().Sent, orphans, late,
		time.Duration(durations/i.stats().Sent)*time.Microsecond, called)
}

func TestIntegrationOneInAThousand(t *testing.T) {
	const rate = 0.001
	ratio := trace.NewRatio(rate)
	sampled := func(id string) bool {
		parsed, err := oteltrace.TraceIDFromHex(strings.Repeat("0", 32-len(id)) + id)
		require.NoError(t, err, id)
		return ratio.Sample(parsed)
	}
	i := newIntegration(t, io.Discard, rate, nil)
	// The first service decides for all. The ratios of the other services must make no difference.
	require.NoError(t, i.spans["network-information"].SetRatio(0), "SetRatio")
	require.NoError(t, i.spans["image-store"].SetRatio(1), "SetRatio")
	var undecided []func() request
	for _, f := range forms {
		if f.name == "no headers" || strings.HasSuffix(f.name, "no decision") {
			undecided = append(undecided, f.new)
		}
	}
	requests := make([]request, 20_000)
	for n := range requests {
		requests[n] = undecided[n%len(undecided)]()
	}
	// Add some requests that the ratio would sample, but that the caller denies.
	denied := len(requests)
	for len(requests) < denied+100 {
		if id := randomID(); sampled(id) {
			requests = append(requests, request{call: call{want: id, header: header("b3", id+"-"+randomID()+"-0")}})
		}
	}
	i.sendAll(requests)
	require.NoError(t, i.shutdown(), "shutdown")

	traces := i.stored()
	var want []string
	for n, r := range requests {
		taken := n < denied && sampled(r.id)
		assert.Equal(t, taken, r.recorded, "trace %s is recorded", r.id)
		if taken {
			want = append(want, r.id)
			assert.Empty(t, faults(traces[r.id], r.id, r.media, "", false))
		}
		if n >= denied {
			assert.Equal(t, http.StatusNotFound, i.ask("trace/"+r.id, nil, nil), "status of the answer for %s, which the caller denied", r.id)
		}
	}
	assert.NotEmpty(t, want, "IDs that the ratio samples")
	assert.ElementsMatch(t, want, slices.Collect(maps.Keys(traces)), "traces in Zipkin")
	spans := int64(6 * len(want))
	assert.Equal(t, zipkin.Stats{Ended: spans, Sent: spans}, i.stats())
	t.Logf("%d of %d undecided traces and %d spans are in Zipkin, and none of %d denied traces", len(traces), denied, spans, len(requests)-denied)
}

func TestIntegrationCollectorComesBack(t *testing.T) {
	server, err := url.Parse(os.Getenv("CLEW_ZIPKIN"))
	require.NoError(t, err, "CLEW_ZIPKIN")
	way := newProxy(t, server.Host)
	i := newIntegration(t, io.Discard, 1, way)

	var all []request
	sendSome := func(n int) {
		requests := make([]request, n)
		for n := range requests {
			requests[n] = forms[n%len(forms)].new()
		}
		i.sendAll(requests)
		all = append(all, requests...)
	}

	sendSome(300)
	way.close() // resets connections in use, too
	sendSome(700)
	held := i.stats()
	assert.Zero(t, held.Dropped, "spans that are dropped although the queue is not full")
	assert.GreaterOrEqual(t, held.Queued, int64(700*5), "number of spans in the queues")
	for _, p := range i.spans {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		assert.ErrorContains(t, p.ForceFlush(ctx), "spans not sent yet", "ForceFlush without a connection to Zipkin")
		cancel()
	}
	way.open()
	for _, p := range i.spans {
		assert.NoError(t, p.ForceFlush(t.Context()), "ForceFlush")
	}
	assert.Equal(t, zipkin.Stats{Ended: 6_000, Sent: 6_000}, i.stats(), "stats when Zipkin can be reached again")
	traces := i.stored()
	for _, r := range all {
		assert.Empty(t, faults(traces[asStored(r.id)], asStored(r.id), r.media, r.parent, r.debug))
	}

	// These are more spans than the queue can hold: media-api has three spans for each request,
	// and its queue holds 8,192.
	way.close()
	sendSome(3_000)
	held = i.stats()
	assert.Equal(t, int64(3*3_000-8_192), held.Dropped, "number of spans that are dropped because the queue is full")
	assert.Equal(t, int64(8_192+3*3_000), held.Queued, "number of spans in the queues when one queue is full")
	way.open()
	for _, p := range i.spans {
		assert.NoError(t, p.ForceFlush(t.Context()), "ForceFlush")
	}
	assert.ErrorContains(t, i.shutdown(), "media-api: zipkin: 808 of 12000 spans lost (queue full 808, refused 0, not sent in time 0)")
	assert.Equal(t, zipkin.Stats{Ended: 24_000, Sent: 24_000 - 808, Dropped: 808}, i.stats(), "stats after shutdown")
	i.stored() // waits for all spans that were sent
	t.Logf("%+v; refused connections: %d", i.stats(), way.refused)
}

// proxy is a TCP proxy to Zipkin that can be closed and opened.
type proxy struct {
	url string

	mu      sync.Mutex
	shut    bool
	conns   map[net.Conn]bool
	refused int
}

func newProxy(t *testing.T, to string) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err, "Listen")
	p := &proxy{url: "http://" + l.Addr().String(), conns: map[net.Conn]bool{}}
	var copying sync.WaitGroup
	copying.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if !assert.NoError(t, err, "Dial") {
				in.Close()
				return
			}
			if !p.add(in, out) {
				continue
			}
			for from, to := range map[net.Conn]net.Conn{in: out, out: in} {
				copying.Go(func() {
					io.Copy(to, from)
					p.reset(from, to)
				})
			}
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.close()
		copying.Wait()
	})
	return p
}

// add keeps the connections, or resets them if the proxy is closed. It returns whether it keeps
// them.
func (p *proxy) add(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		p.conns[c] = true
	}
	if p.shut {
		p.refused++
		p.resetLocked(conns...)
	}
	return !p.shut
}

func (p *proxy) reset(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.resetLocked(conns...)
}

func (p *proxy) resetLocked(conns ...net.Conn) {
	for _, c := range conns {
		if p.conns[c] {
			c.(*net.TCPConn).SetLinger(0) // closes at once, with a RST
			c.Close()
			delete(p.conns, c)
		}
	}
}

// close resets all connections, and refuses new ones.
func (p *proxy) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shut = true
	p.resetLocked(slices.Collect(maps.Keys(p.conns))...)
}

func (p *proxy) open() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shut = false
}
