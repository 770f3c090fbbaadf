package script_test

import (
	"encoding/json"
	"testing"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/audittest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzRead checks that a script reads from an event exactly what the event contains.
func FuzzRead(f *testing.F) {
	for key, value := range sample.Context {
		f.Add(key, value, sample.Message, sample.App, sample.Time.UnixMicro())
	}
	f.Add("\xed\xa0\x80", "\xf0\x9f\x98", "\ufeff", "\u2028", int64(-1))
	s := open(f, `function filter(event) {
		const want = JSON.parse(event.context.get("want")), c = event.context, key = want.key
		const method = key === "get" || key === "has" || key === "keys"
		for (const [name, ok] of Object.entries({
			get: c.get(key) === want.value, property: method || c[key] === want.value, has: c.has(key),
			in: key in c, keys: c.keys().includes(key), names: method || Object.keys(c).includes(key),
			message: event.message === want.message, app: event.app === want.app, timestamp: event.timestamp === want.timestamp,
			absent: c.get(key + "x") === null && c[key + "x"] === undefined,
		})) if (!ok) throw new Error(name)
		return true
	}`)
	f.Fuzz(func(t *testing.T, key, value, message, app string, micros int64) {
		at := time.UnixMicro(micros)
		if at.UTC().Year() < 1 || at.UTC().Year() > 9999 {
			t.Skip("an event cannot have this time")
		}
		event := audit.Event{Time: at, App: app, Message: message, Context: map[string]string{key: value}}
		first := audittest.Candidates(event)[0]
		want := map[string]any{"message": first.Message(), "app": first.App(), "timestamp": first.Time().UnixMilli()}
		for k, v := range first.Context() {
			want["key"], want["value"] = k, v
		}
		if want["key"] == "want" || want["key"] == "wan" {
			return
		}
		text, err := json.Marshal(want)
		require.NoError(t, err)
		event.Context["want"] = string(text)
		pass := make([]bool, 1)
		counts := s.Judge(audittest.Candidates(event), pass)
		assert.Nil(t, counts.Last)
		assert.True(t, pass[0])
	})
}
