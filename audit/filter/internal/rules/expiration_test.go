package rules_test

import (
	"testing"
	"time"

	"example.com/clew/audit/filter/internal/rules"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var expirations = []struct {
	name, text string
	want       time.Time
	err        string
}{
	{"RFC 3339", "2036-12-24T18:00:00Z", christmas, ""},
	{"RFC 3339 with a zone", "2036-12-24T20:00:00+02:00", christmas, ""},
	{"RFC 3339 with a fraction", "2036-12-24T18:00:00.5Z", christmas.Add(time.Second / 2), ""},
	{"RFC 3339 in quotes", `"2036-12-24T18:00:00Z"`, christmas, ""},
	{"RFC 3339 in small letters", "2036-12-24t18:00:00z", christmas, ""},
	{"a date", "2036-12-24", christmas.Truncate(24 * time.Hour), ""},
	{"seconds", "2113754400", time.Unix(2113754400, 0), ""},
	{"milliseconds", "2113754400123", time.UnixMilli(2113754400123), ""},
	{"the largest number of seconds", "99999999999", time.Unix(99999999999, 0), ""},
	{"the smallest number of milliseconds", "100000000000", time.UnixMilli(100000000000), ""},
	{"the past", "1999-12-31", time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC), ""},
	{"no zone", "2036-12-24T18:00:00", time.Time{}, "has no zone; write 2036-12-24T18:00:00Z for UTC"},
	{"no zone, with a blank", "2036-12-24 18:00", time.Time{}, "has no zone"},
	{"year 10000", "10000-01-01T00:00:00Z", time.Time{}, "is none of"},
	{"year 10000 in UTC", "9999-12-31T23:59:59-12:00", time.Time{}, "is not in the years 1970 to 9999"},
	{"year 10000 in milliseconds", "253402300800000", time.Time{}, "is not in the years 1970 to 9999"},
	{"before 1970", "1969-12-31", time.Time{}, "is not in the years 1970 to 9999"},
	{"zero", "0", time.Time{}, "is not after 1970"},
	{"negative", "-1", time.Time{}, "is not after 1970"},
	{"too many digits", "99999999999999999999", time.Time{}, "is none of"},
	{"a fraction of seconds", "2113754400.5", time.Time{}, "is none of"},
	{"no such day", "2036-02-30", time.Time{}, "is none of"},
	{"a word", "never", time.Time{}, "is none of"},
	{"null", "null", time.Time{}, "is none of"},
	{"nothing", "", time.Time{}, "is not a time; leave it out"},
	{"a list", "[2036-12-24]", time.Time{}, "is not a time"},
}

func TestExpiration(t *testing.T) {
	for _, c := range expirations {
		t.Run(c.name, func(t *testing.T) {
			defs, errs := rules.Parse([]byte("name: a\nexpiration: " + c.text + "\njs: x"))
			if c.err != "" {
				require.Len(t, errs, 1)
				assert.Contains(t, errs[0].Error(), `line 2: filter "a": expiration`)
				assert.Contains(t, errs[0].Error(), c.err)
				return
			}
			require.Empty(t, errs)
			assert.True(t, c.want.Equal(defs[0].Expires), "%v", defs[0].Expires)
			assert.False(t, defs[0].IsExpired(c.want.Add(-1)))
			assert.True(t, defs[0].IsExpired(c.want))
		})
	}
}

func TestNeverExpired(t *testing.T) {
	assert.False(t, (&rules.Definition{}).IsExpired(time.Now()))
}

func TestAppliesTo(t *testing.T) {
	for _, c := range []struct {
		name     string
		apps     []string
		filtered bool
		want     bool
	}{
		{"no apps, filtered", nil, true, true},
		{"no apps, not filtered", nil, false, false},
		{"among the apps", []string{"b", "a"}, false, true},
		{"not among the apps", []string{"b", "A"}, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := rules.Definition{Apps: c.apps}
			assert.Equal(t, c.want, d.AppliesTo("a", c.filtered))
		})
	}
}
