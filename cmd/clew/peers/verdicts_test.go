package peers_test

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// named returns the peer of a name.
func named(name string) peer {
	i := slices.IndexFunc(peers, func(p peer) bool { return p.name == name })
	return peers[i]
}

// examined runs clew doctor on a peer, with its log or what it sends on as evidence, or both.
func examined(t *testing.T, p peer, logs, listen bool, args ...string) result {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "service.log"))
	require.NoError(t, err)
	t.Cleanup(func() { file.Close() })
	to := p.serve(t, file) + "/"
	if logs {
		args = append(args, "--logs", file.Name())
	}
	if listen {
		here := free(t)
		to += "call?to=" + url.QueryEscape("http://"+here+"/")
		args = append(args, "--listen", here)
	}
	return asJSON(t, append(args, to)...)
}

// kinds are the findings in a place, each with its count. Faults have a mark.
func (tg target) kinds(where string) map[string]int {
	found := map[string]int{}
	for _, f := range tg.Findings {
		if f.Where == where {
			found[f.Kind+map[bool]string{true: "!"}[f.Fault]] = f.Count
		}
	}
	return found
}

// usual are the rows of the table that clew doctor sends without a flag for more: both widths,
// three states, both encodings, and IDs that somebody has filled up with zeros.
func usual(tr truth) bool {
	switch name := strings.Split(tr.name, ", "); {
	case len(name) == 4:
		return name[1] == "zero high half" && name[2] == "accept"
	case len(name) == 3:
		return (name[0] == "64" || name[0] == "128") && name[1] != "debug"
	}
	return false
}

// expected is what must be found in what a peer sends on, by its column of the table.
func expected(column func(truth) string) map[string]int {
	want := map[string]int{}
	for _, tr := range truths {
		if !usual(tr) {
			continue
		}
		id, state, _ := strings.Cut(column(tr), " ")
		want[map[string]string{"same": "adopted", "wide": "padded!", "narrow": "truncated!", "new": "restarted!"}[id]]++
		came := ""
		switch {
		case strings.Contains(tr.name, "deny"):
			came = "0"
		case strings.Contains(tr.name, "accept"):
			came = "1"
		}
		if came != "" && came != state && id != "new" {
			want["resampled!"]++
		}
	}
	delete(want, "")
	return want
}

// plus adds the canaries that the table has no such row for: two with traceparent, and one whose
// call is redirected, which has 64 bit, accept, X-B3.
func plus(want map[string]int, kinds ...string) map[string]int {
	for _, kind := range kinds {
		want[kind]++
	}
	return want
}

// Each peer has its verdict, and the findings of the table.
func TestVerdicts(t *testing.T) {
	w3c := "restarted" // both, and no fault
	tests := []struct {
		peer    string
		verdict string
		code    int
		sentOn  map[string]int
	}{
		{"clew", "adopted", 0, plus(expected(func(tr truth) string { return tr.clew }), "adopted", w3c, w3c)},
		{"clew, W3C", "adopted", 0, plus(expected(func(tr truth) string { return tr.w3c }), "adopted", "adopted", "adopted")},
		{"clew, TrustIDs", "resampled", 1, plus(expected(func(tr truth) string { return tr.trustIDs }), "adopted", "resampled!", w3c, w3c)},
		{"clew, TrustNone", "restarted", 1, plus(expected(func(tr truth) string { return tr.trustNone }), "restarted!", "restarted!", "restarted!")},
		{"zipkin-go", "truncated", 1, plus(expected(func(tr truth) string { return tr.zipkin }), "adopted", "leaked!", w3c, w3c)},
		{"otelhttp", "padded", 1, plus(expected(func(tr truth) string { return tr.otel }), "padded!", "leaked!", w3c, w3c)},
		{"proxy", "unchanged", 0, map[string]int{"unchanged": 17}},
		{"none", "dropped", 1, map[string]int{"dropped!": 17}},
	}
	for _, test := range tests {
		t.Run(test.peer, func(t *testing.T) {
			t.Parallel()
			r := examined(t, named(test.peer), false, true)
			require.Len(t, r.Targets, 1)
			assert.Equal(t, test.verdict, r.Targets[0].Verdict)
			assert.Equal(t, test.code, r.code)
			assert.Equal(t, test.sentOn, r.Targets[0].kinds("sent on"))
			for _, f := range r.Targets[0].Findings {
				assert.NotEmpty(t, f.Says, "%+v", f)
				assert.NotEmpty(t, f.Canary, "%+v", f)
				assert.LessOrEqual(t, f.Count, f.Of, "%+v", f)
				assert.Equal(t, f.Fault, f.Fault && f.Remedy != "", "%+v", f)
			}
		})
	}
}

// The lines alone give the same findings: a peer that logs an ID logs the one that it sends on.
func TestVerdictsByLines(t *testing.T) {
	tests := []struct {
		peer    string
		verdict string
		code    int
		lines   map[string]int
	}{
		{"clew", "adopted", 0, map[string]int{"adopted": 14, "restarted": 2}},
		{"clew, W3C", "adopted", 0, map[string]int{"adopted": 16}},
		// The line has the ID that was not believed, but traceparent's, which is not read.
		{"clew, TrustNone", "restarted", 1, map[string]int{"restarted!": 14}},
		{"zipkin-go", "truncated", 1, map[string]int{"adopted": 12, "truncated!": 2}},
		{"otelhttp", "padded", 1, map[string]int{"adopted": 8, "padded!": 6}},
		{"none", "unknown", 3, map[string]int{}},
	}
	for _, test := range tests {
		t.Run(test.peer, func(t *testing.T) {
			t.Parallel()
			r := examined(t, named(test.peer), true, false)
			require.Len(t, r.Targets, 1)
			assert.Equal(t, test.verdict, r.Targets[0].Verdict)
			assert.Equal(t, test.code, r.code)
			got := r.Targets[0].kinds("logs")
			delete(test.lines, "restarted") // a line with another ID is not known to be about a canary
			delete(got, "restarted")
			assert.Equal(t, test.lines, got)
		})
	}
}

// By the response alone, which is all that there is without a flag. Without a header that names
// the trace nothing can be told.
func TestVerdictsByResponse(t *testing.T) {
	tests := []struct {
		peer, verdict string
		code          int
	}{
		{"clew", "adopted", 0},
		{"clew, TrustIDs", "adopted", 0}, // the header has no decision, and that is said
		{"clew, TrustNone", "restarted", 1},
		{"zipkin-go", "unknown", 3},
		{"otelhttp", "unknown", 3},
		{"none", "unknown", 3},
	}
	for _, test := range tests {
		t.Run(test.peer, func(t *testing.T) {
			t.Parallel()
			r := examined(t, named(test.peer), false, false)
			require.Len(t, r.Targets, 1)
			assert.Equal(t, test.verdict, r.Targets[0].Verdict)
			assert.Equal(t, test.code, r.code)
			if test.verdict == "adopted" {
				assert.Contains(t, r.Targets[0].Says, "The decision was not seen")
			}
			if test.code == 3 {
				assert.Empty(t, r.Targets[0].Findings)
				assert.Empty(t, r.Targets[0].Evidence)
			}
		})
	}
}

// With --hostile, findings say which headers break a peer, and which it misreads.
func TestVerdictsHostile(t *testing.T) {
	tests := []struct {
		peer, verdict string
		code          int
		kinds         []string
	}{
		{"clew", "adopted", 0, nil},
		{"zipkin-go", "crashed", 1, []string{"crashed!", "misread!"}}, // a slice out of bounds: no answer
		{"otelhttp", "misread", 1, []string{"misread!", "padded!"}},
		{"proxy", "unchanged", 0, []string{"echoed"}}, // what is behind it gets them
	}
	for _, test := range tests {
		t.Run(test.peer, func(t *testing.T) {
			t.Parallel()
			r := examined(t, named(test.peer), test.peer != "proxy", true, "--hostile")
			require.Len(t, r.Targets, 1)
			assert.Equal(t, test.verdict, r.Targets[0].Verdict)
			assert.Equal(t, test.code, r.code)
			var faults []string
			for _, f := range r.Targets[0].Findings {
				faults = append(faults, f.Kind+map[bool]string{true: "!"}[f.Fault])
			}
			for _, kind := range test.kinds {
				assert.Contains(t, faults, kind)
			}
		})
	}
}

// With --debug, every peer believes the caller, except clew at the edge.
func TestVerdictsDebug(t *testing.T) {
	for peer, believed := range map[string]bool{
		"clew": true, "zipkin-go": true, "otelhttp": true, "clew, TrustIDs": false, "clew, TrustNone": false, "none": false,
	} {
		t.Run(peer, func(t *testing.T) {
			t.Parallel()
			r := examined(t, named(peer), false, true, "--debug")
			require.Len(t, r.Targets, 1)
			_, found := r.Targets[0].kinds("sent on")["debug believed!"]
			assert.Equal(t, believed, found, "%+v", r.Targets[0].Findings)
		})
	}
}

// The text is for people: SHOW=1 go test -v -run TestText shows it. Here it has the verdict and
// the number of requests.
func TestText(t *testing.T) {
	for peer, verdict := range map[string]string{
		"clew": "adopted", "zipkin-go": "truncated", "otelhttp": "padded", "proxy": "unchanged", "none": "dropped",
	} {
		t.Run(peer, func(t *testing.T) {
			t.Parallel()
			here := free(t)
			to := fmt.Sprintf("%s/call?to=%s", named(peer).serve(t, io.Discard), url.QueryEscape("http://"+here+"/"))
			r := doctor(t, "--listen", here, to)
			shown, _, _ := strings.Cut(to, "=")
			assert.Contains(t, r.out, shown+"=xxxxx: "+verdict+"\n")
			assert.Contains(t, r.err, "18 GET requests")
		})
	}
}
