package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFollow(t *testing.T) {
	dir := lakeOf(t, events)
	tests := []struct {
		name, args, want string
		code             int
	}{
		{name: "a value", args: "XYZ.123", want: "received augmented exported"},
		{name: "a pair", args: "row=r-1", want: "received augmented exported"},
		{name: "a trace", args: firstTrace, want: "received augmented exported"},
		{name: "one hop", args: "XYZ.123|--hops|1", want: "received augmented"},
		{name: "one trace", args: "XYZ.123|--traces|1", want: "received augmented"},
		{name: "an unknown value", args: "XYZ", code: exitNothing},
		{name: "a value that looks like a trace", args: "=" + firstTrace, code: exitNothing},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := clewAudit(t, "", append([]string{"follow", "-d", dir}, strings.Split(test.args, "|")...)...)
			assert.Equal(t, test.want, shown(r.out), r.out)
			assert.Equal(t, test.code, r.code, r.err)
		})
	}
	assert.Contains(t, clewAudit(t, "", "follow", "-d", dir, "XYZ.123", "--hops", "1").err, "clew-audit: after 1 hop there are values that were not followed\n")
}

func TestStory(t *testing.T) {
	dir := lakeOf(t, events)
	clock := func(after time.Duration) string { return start.Add(after).Format("15:04:05.000000") }
	r := clewAudit(t, "", "follow", "-d", dir, "XYZ.123")
	if start.Add(time.Minute).Day() == start.Day() {
		assert.Equal(t, "3 events of 2 traces, from "+start.Format("2006-01-02 15:04:05.000000")+` UTC, over 1 m 00 s

            A is trace `+firstTrace+`
            `+clock(0)+`  A  ingest   received   item=XYZ.123 network=instagram
  +2.00 ms  `+clock(2*time.Millisecond)+`  A  augment  augmented  item=XYZ.123 row=r-1
            B is trace `+other+`, which has row=r-1
 +1 m 00 s  `+clock(time.Minute)+`  B  export   exported   a=b=c row=r-1
`, r.out)
	}
	var hops []int
	r = clewAudit(t, "", "follow", "-d", dir, "XYZ.123", "-o", "json")
	for line := range strings.Lines(r.out) {
		var e struct {
			Message string
			Hop     int
			By      string
			Since   float64 `json:"since_ms"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &e), line)
		hops = append(hops, e.Hop)
		if e.Message == "exported" {
			assert.Equal(t, "row=r-1", e.By)
			assert.InDelta(t, 59998, e.Since, 0.001)
		}
	}
	assert.Equal(t, []int{1, 1, 2}, hops)
}

func TestLabel(t *testing.T) {
	var all []string
	for _, n := range []int{0, 1, 25, 26, 51, 52, 701, 702} {
		all = append(all, label(n))
	}
	assert.Equal(t, []string{"A", "B", "Z", "AA", "AZ", "BA", "ZZ", "AAA"}, all)
}
