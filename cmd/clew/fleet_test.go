package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The folder testdata/fleet has the logs of eight services: nginx in its own format; shop and
// image, which use clew (a container runtime has cut one of image's lines in the middle of an ID);
// price in Java, with plain text and a stack trace; cart in Node with pino; mailer in Python under
// Docker, with Datadog's decimal ID; stock with logfmt and half of the ID, in gzip; billing in
// syslog, with the ID in upper case. There are three requests, A to C. Each line of a request
// contains a mark: the request's letter and a number, such as A01. The lines that belong to no
// request contain the marks Z01 to Z09.
const fleet = "testdata/fleet"

var fleetTraces = []struct {
	letter, id string
	marks      int // how many marks the request has
}{
	{"A", "5759e988bd862e3fe1be46a994272793", 19},
	{"B", "a1be46a99427279f", 12},
	{"C", "6f0a14c1d26b4c86be3ba9c1b24a31f0", 13},
}

var markForm = regexp.MustCompile(`\b[A-CZ]\d\d\b`)

// shownTree is what a test reads of -o json.
type shownTree struct {
	Spans []struct {
		ID, Parent, Service, Operation, Kind string
		Status                               int
		Guess, Made                          bool
	}
	Lines []struct{ Service, Level, Message, Span, Source, Text string }
}

func treeOf(t *testing.T, args ...string) (tree shownTree) {
	t.Helper()
	r := clew(t, "", append([]string{"timeline", "-o", "json"}, args...)...)
	require.Equal(t, exitFound, r.code, r.err)
	require.NoError(t, json.Unmarshal([]byte(r.out), &tree))
	return tree
}

// The tree of a request contains each of the request's lines once, and no other line.
func TestFleet(t *testing.T) {
	for _, trace := range fleetTraces {
		t.Run(trace.letter, func(t *testing.T) {
			tree := treeOf(t, trace.id, fleet)
			seen := map[string]int{}
			for _, l := range tree.Lines {
				for _, m := range markForm.FindAllString(l.Text, -1) {
					seen[m]++
				}
				assert.Regexp(t, markForm, l.Text)
				assert.LessOrEqual(t, strings.Count(l.Text, "\n"), 5, "longer than the stack trace: %s", l.Text)
			}
			want := map[string]int{}
			for i := range trace.marks {
				want[fmt.Sprintf("%s%02d", trace.letter, i+1)] = 1
			}
			assert.Equal(t, want, seen)
		})
	}
}

func TestFleetTree(t *testing.T) {
	tree := treeOf(t, fleetTraces[0].id, fleet)
	var spans []string
	names := map[string]string{}
	for _, s := range tree.Spans {
		names[s.ID] = s.Service + " " + s.Operation
		spans = append(spans, fmt.Sprintf("%s < %s: %d", names[s.ID], names[s.Parent], s.Status))
		assert.False(t, s.Guess || s.Made)
	}
	assert.Equal(t, []string{
		"shop GET /basket/{id} < : 500",
		"shop GET price.example:8080/price/7 < shop GET /basket/{id}: 503",
		"shop GET price.example:8080/price/7 < shop GET /basket/{id}: 200",
		"shop GET image.example/image/7 < shop GET /basket/{id}: 500",
		"image GET /image/{id} < shop GET image.example/image/7: 500",
	}, spans)

	services, stack := map[string]int{}, ""
	for _, l := range tree.Lines {
		services[l.Service]++
		if strings.Contains(l.Text, "IllegalStateException") {
			stack = l.Message
		}
	}
	assert.Equal(t, map[string]int{"shop": 6, "image": 3, "price": 3, "cart": 2, "mailer": 1, "stock": 1, "billing": 1, "nginx": 1}, services,
		"a service whose lines do not name it gets the file's name")
	assert.Contains(t, stack, "no price A11\njava.lang.IllegalStateException: no price for 7 in the stack A12\n\tat ")
	assert.True(t, strings.HasSuffix(stack, "\t... 42 common frames omitted"), stack)
}

// The list has the three traces, the newest first.
func TestFleetList(t *testing.T) {
	r := clew(t, "", "timeline", fleet)
	assert.Equal(t, exitFound, r.code)
	var ids []string
	for _, l := range strings.Split(r.out, "\n") {
		for _, trace := range fleetTraces {
			if strings.HasSuffix(l, "  "+trace.id) {
				ids = append(ids, trace.letter)
			}
		}
	}
	assert.Equal(t, []string{"C", "B", "A"}, ids, r.out)
}

// The lines of two replicas are mixed. In each format that names the replica of a line, a stack
// trace stays with the line that it belongs to.
func TestInstances(t *testing.T) {
	t.Chdir(t.TempDir())
	const said = "2026-11-26 10:00:00.1 ERROR [" + id + "] boom"
	for name, form := range map[string]string{
		"kubectl": "[pod/web-%d/web] %s\n",
		"compose": "web-%d  | %s\n",
		"stern":   "web-7d9f8c6b5-x2x9%d web %s\n",
		"syslog":  "Nov 26 10:00:00 host web[%d]: %s\n",
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			for _, l := range []struct {
				instance int
				text     string
			}{
				{4, said}, {5, "2026-11-26 10:00:00.2 INFO [" + strings.Repeat("ab", 16) + "] z"},
				{4, "java.lang.RuntimeException: q"}, {5, "2026-11-26 10:00:00.3 INFO x"}, {4, "\tat q.r(S.java:1)"},
			} {
				fmt.Fprintf(&b, form, l.instance, l.text)
			}
			write(t, name, strings.Repeat("a line that is not marked\n", 3)+b.String())
			tree := treeOf(t, id, name)
			require.Len(t, tree.Lines, 1)
			assert.Equal(t, "boom\njava.lang.RuntimeException: q\n\tat q.r(S.java:1)", tree.Lines[0].Message)
			assert.Equal(t, "web", tree.Lines[0].Service)
			r := clew(t, "", "timeline", name)
			assert.Contains(t, r.out, "2 traces", r.out)
		})
	}
}
