package doctor_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"example.com/clew/cmd/clew/internal/doctor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var report = &doctor.Report{Version: 1, Requests: 15, Targets: []*doctor.Diagnosis{
	{
		URL: "http://127.0.0.1:8080/thing", Verdict: doctor.Padded, Says: "it pads.", Requests: 15,
		Findings: []doctor.Finding{
			{Kind: doctor.Adopted, Where: "response", Canary: "128 bit, defer, b3", Count: 8, Of: 14, Says: "The trace goes on."},
			{Kind: doctor.Padded, Where: "logs", Canary: "64 bit, defer, b3", Count: 6, Of: 6, Says: "An ID of 16 digits becomes one of 32. \x1b[2J", Remedy: "Keep it.", Fault: true, Services: []string{"a", "b", "c", "d", "e", "f"}},
			{Kind: doctor.Leaked, Where: "sent on", Canary: "64 bit", Count: 1, Of: 1, Says: "x", Fault: true},
		},
		Evidence: []string{"response"}, Notes: []string{"its lines were not read."},
	},
	{URL: "http://b/", Verdict: doctor.Unknown, Says: "nothing.", Findings: []doctor.Finding{}, Evidence: []string{}, Notes: []string{}},
}}

func escape(text string) string { return strings.ReplaceAll(text, "\x1b", `\x1b`) }

const wantText = `http://127.0.0.1:8080/thing: padded
  It pads.

  ✓ adopted, in the response: 8 of 14 canaries
    The trace goes on.

  ✗ padded, in its lines: 6 of 6 canaries, by a, b, c, d, e and 1 more, the first: 64 bit, defer, b3
    An ID of 16 digits becomes one of 32. \x1b[2J
    Remedy: Keep it.

  ✗ leaked, in what it sends on: 1 of 1 canary, the first: 64 bit
    x

  Its lines were not read.

http://b/: unknown
  Nothing.
`

func TestText(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, report.Text(&out, doctor.Style{Visible: escape}))
	assert.Equal(t, wantText, out.String())

	out.Reset()
	require.NoError(t, report.Text(&out, doctor.Style{Width: 30, Visible: escape}))
	assert.Contains(t, out.String(), "    An ID of 16 digits becomes\n    one of 32. \\x1b[2J\n")

	out.Reset()
	require.NoError(t, report.Text(&out, doctor.Style{Colour: true, Visible: escape}))
	assert.Contains(t, out.String(), "\x1b[31m✗ padded\x1b[0m, in its lines")
	assert.Contains(t, out.String(), "\x1b[33munknown\x1b[0m")
	assert.NotContains(t, out.String(), "\x1b[2J")
	assert.Error(t, report.Text(failing{}, doctor.Style{}))
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestJSON(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, report.JSON(&out))
	var got map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &got))
	assert.EqualValues(t, 1, got["version"])
	assert.EqualValues(t, 15, got["requests"])
	first := got["targets"].([]any)[0].(map[string]any)
	assert.Equal(t, "padded", first["verdict"])
	finding := first["findings"].([]any)[1].(map[string]any)
	assert.Equal(t, map[string]any{"kind": "padded", "where": "logs", "canary": "64 bit, defer, b3", "count": 6.0, "of": 6.0,
		"says": "An ID of 16 digits becomes one of 32. \x1b[2J", "remedy": "Keep it.", "fault": true, "services": []any{"a", "b", "c", "d", "e", "f"}}, finding)
	assert.NotContains(t, out.String(), "\x1b")
	assert.True(t, report.Fault())
	assert.True(t, report.Untold())
}
