package when_test

import (
	"testing"
	"time"

	"example.com/clew/internal/when"
	"github.com/stretchr/testify/assert"
)

func TestParse(t *testing.T) {
	zone := time.FixedZone("", 3600)
	now := time.Date(2026, 11, 26, 15, 0, 0, 0, zone)
	tests := []struct {
		name, text string
		want       string // in UTC; "": Parse refuses the text
	}{
		{"minutes ago", "15m", "2026-11-26T13:45:00Z"},
		{"days ago", "2d", "2026-11-24T14:00:00Z"},
		{"RFC 3339", "2026-11-26T10:11:12.5+02:00", "2026-11-26T08:11:12.5Z"},
		{"a date", "2026-11-25", "2026-11-24T23:00:00Z"},
		{"a date and a time", "2026-11-25 10:11", "2026-11-25T09:11:00Z"},
		{"a date and a time, with T and seconds", "2026-11-25T10:11:12", "2026-11-25T09:11:12Z"},
		{"a time of today", "14:05", "2026-11-26T13:05:00Z"},
		{"a time of today, with seconds", "14:05:06", "2026-11-26T13:05:06Z"},
		{"negative", "-5m", ""},
		{"negative days", "-5d", ""},
		{"too many days", "99999999999999999999d", ""},
		{"no such day", "2026-02-30", ""},
		{"nonsense", "\x1b[31m", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, ok := when.Parse(test.text, now)
			assert.Equal(t, test.want != "", ok)
			if ok {
				assert.Equal(t, test.want, got.Format(time.RFC3339Nano))
			}
		})
	}
	none, ok := when.Parse("", now)
	assert.True(t, ok)
	assert.Zero(t, none)
}
