package filter_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/filter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// clients returns n events. Their clients are "0" to "9" in turn. Their apps are "media-api" and
// "other" in turn.
func clients(n int) (events []audit.Event) {
	for i := range n {
		events = append(events, event(fmt.Sprint(i%10)))
		events[i].App = []string{"media-api", "other"}[i%2]
	}
	return events
}

// checked checks a file that has one filter, and returns the result.
func checked(t *testing.T, file string, events ...audit.Event) filter.Checked {
	t.Helper()
	all, err := filter.Check(t.Context(), []byte(file), events)
	require.NoError(t, err)
	require.Len(t, all, 1)
	return all[0]
}

func TestCheck(t *testing.T) {
	c := checked(t, rule("three", is("3"), "expiration: 2020-01-01"), clients(40)...)
	require.NoError(t, c.Err)
	assert.Equal(t, "three", c.Name)
	assert.Equal(t, 4, c.Line)
	assert.Equal(t, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), c.Expires, "an expired filter is tried too")
	assert.Equal(t, []int{3, 13, 23, 33}, c.Passed)
	assert.Len(t, c.Stopped, 36)
	assert.Zero(t, c.Failed)
	assert.Nil(t, c.Off)
	assert.Empty(t, c.Traps)
	assert.Greater(t, c.Calls, 1000, "the measurement calls the filter more often than there are events")
	assert.Positive(t, c.Time)
}

// A filter with apps is tried only on the events of these apps.
func TestCheckApps(t *testing.T) {
	c := checked(t, rule("even", "true", "apps: [media-api, x]"), clients(10)...)
	assert.Equal(t, []string{"media-api", "x"}, c.Apps)
	assert.Equal(t, []int{0, 2, 4, 6, 8}, c.Passed)
	assert.Empty(t, c.Stopped)
	none := checked(t, rule("none", "true", "apps: [x]"), clients(10)...)
	assert.Empty(t, none.Passed)
	assert.Zero(t, none.Calls)
}

// A script keeps its globals during one run over the events, and sees the events in order.
func TestCheckGlobals(t *testing.T) {
	c := checked(t, "name: first\njs: |\n  const seen = new Set()\n  function filter(event) {\n    const c = event.context.client\n    return !seen.has(c) && !!seen.add(c)\n  }\n", clients(30)...)
	assert.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, c.Passed)
}

func TestCheckFailures(t *testing.T) {
	c := checked(t, "name: f\njs: |\n  function filter(event) {\n    switch (event.context.client) {\n    case '1': throw new Error('one \\x1b[31m')\n    case '2': return {}\n    }\n    return false\n  }\n", clients(30)...)
	assert.Equal(t, 6, c.Failed)
	require.Len(t, c.Failures, 2)
	first := c.Failures[0]
	assert.Equal(t, []int{5, 3, 1}, []int{first.Line, first.Calls, first.Event})
	assert.Contains(t, first.Reason, "Error: one ")
	assert.NotContains(t, first.Reason, "\x1b")
	assert.Contains(t, c.Failures[1].Reason, "an object")
	assert.Equal(t, 2, c.Failures[1].Event)
	assert.Len(t, c.Stopped, 30, "an event whose call fails does not pass")
	assert.Nil(t, c.Off)
}

// A filter that seldom fails stays on. Failures lists twenty of its thirty different reasons.
func TestCheckManyFailures(t *testing.T) {
	var events []audit.Event
	for i := range 1500 {
		events = append(events, event(fmt.Sprint(i)))
	}
	c := checked(t, rule("f", `(() => { if (event.context.client % 50 > 0) return false; throw "x" + event.context.client })()`), events...)
	assert.Nil(t, c.Off)
	assert.Equal(t, 30, c.Failed)
	assert.Len(t, c.Failures, 20)
}

func TestCheckOff(t *testing.T) {
	for name, expression := range map[string]string{"loops": `(() => { for (;;); })()`, "throws": throws} {
		t.Run(name, func(t *testing.T) {
			c := checked(t, rule("bad", expression), clients(2000)...)
			require.NotNil(t, c.Off)
			assert.Equal(t, "bad", c.Off.Name)
			assert.NotEmpty(t, c.Off.Reason)
			assert.Equal(t, 5, c.Off.Line)
			assert.Empty(t, c.Passed)
			assert.Less(t, len(c.Stopped), 2000, "events after the switch-off are not judged")
			assert.Positive(t, c.Failed)
		})
	}
}

// A fault in one filter of a file does not keep the other filters from being tried.
func TestCheckBroken(t *testing.T) {
	const nothing = "name: nothing\njs: |\n  const s = 1\n"
	file := strings.Join([]string{rule("good", "true"), "name: no script\n", nothing, "{\n", "name: java\njs: |\n  const s = 1\n  const t = new java.util.HashSet()\n"}, "---\n")
	all, err := filter.Check(t.Context(), []byte(file), clients(3))
	require.NoError(t, err)
	require.Len(t, all, 5)
	assert.Len(t, all[0].Passed, 3)
	for i, want := range []string{`line 8: filter "no script": no js`, `filter "nothing": it has no function filter(event)`, "line 14: not YAML", `filter "java": line 19: ReferenceError`} {
		assert.ErrorContains(t, all[i+1].Err, want)
	}
	assert.Equal(t, 19, all[4].Line, "Line is the line of the error")
	require.Len(t, all[4].Traps, 1)
	assert.Equal(t, 19, all[4].Traps[0].Line)
}

func TestCheckTraps(t *testing.T) {
	c := checked(t, rule("slow", `/x/.test(event.app)`))
	assert.NoError(t, c.Err)
	require.Len(t, c.Traps, 1)
	assert.Equal(t, 5, c.Traps[0].Line)
	assert.Zero(t, c.Calls, "without events the script is not called")
}

func TestCheckEnds(t *testing.T) {
	_, err := filter.Check(t.Context(), []byte(rule("a", "true")), []audit.Event{{TraceID: "x"}})
	assert.ErrorContains(t, err, "audit: the trace ID is not 16 or 32 hexadecimal digits")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	all, err := filter.Check(ctx, []byte(rule("a", "true")), clients(10))
	assert.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, all)
	var background context.Context // nil
	all, err = filter.Check(background, nil, nil)
	assert.NoError(t, err)
	require.Len(t, all, 1)
	assert.ErrorContains(t, all[0].Err, "the file is empty")
}

// A table that the engine evaluates once is not a trap. A table that it makes anew in each call is
// a trap.
func TestCheckTables(t *testing.T) {
	table := `{"1": true, "2": true, "3": true, "4": true, "5": true, "6": true, "7": true, "8": true, "9": true}`
	for use, traps := range map[string]int{
		`return allowed[event.app] === true`:              0,
		`return Object.keys(allowed).includes(event.app)`: 1,
	} {
		file := "name: a\njs: |\n    function filter(event) {\n      var allowed = " + table + ";\n      " + use + "\n    }\n"
		checked, err := filter.Check(t.Context(), []byte(file), nil)
		require.NoError(t, err)
		require.Len(t, checked, 1)
		require.NoError(t, checked[0].Err)
		require.Len(t, checked[0].Traps, traps, use)
		if traps > 0 {
			assert.Equal(t, 4, checked[0].Traps[0].Line)
		}
	}
}
