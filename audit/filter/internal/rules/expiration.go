package rules

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// milliseconds is the smallest number that is read as milliseconds since 1970. Smaller numbers are
// seconds. Read as milliseconds, this number is a time in 1973. Read as seconds, it would be a
// time in 5138.
const milliseconds = 100_000_000_000

var (
	isDate  = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
	isLocal = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$`)
	isCount = regexp.MustCompile(`^[+-]?\d+$`)
)

// expiration reads a time: seconds or milliseconds since 1970, RFC 3339, or a date, which means
// 00:00 UTC of that date.
func expiration(node *yaml.Node) (time.Time, error) {
	s := node.Value
	if node.Kind != yaml.ScalarNode || s == "" {
		return time.Time{}, wrong(node, "expiration is not a time; leave it out for a filter that does not expire")
	}
	var at time.Time
	var err error
	switch {
	case isCount.MatchString(s):
		n, tooLong := strconv.ParseInt(s, 10, 64)
		if tooLong == nil && n <= 0 {
			return at, wrong(node, "expiration %d is not after 1970; leave it out for a filter that does not expire", n)
		}
		at, err = count(n), tooLong
	case isDate.MatchString(s):
		at, err = time.Parse(time.DateOnly, s)
	case isLocal.MatchString(s):
		return at, wrong(node, "expiration %q has no zone; write %sZ for UTC", s, strings.Replace(s, " ", "T", 1))
	default:
		at, err = time.Parse(time.RFC3339, strings.ToUpper(s)) // RFC 3339 allows t and z
	}
	at = at.UTC()
	switch {
	case err != nil:
		return at, wrong(node, "expiration %q is none of: seconds or milliseconds since 1970, "+
			"2036-12-24T18:00:00Z, 2036-12-24", s)
	case at.Year() < 1970 || at.Year() > 9999:
		return at, wrong(node, "expiration %q is not in the years 1970 to 9999", s)
	}
	return at, nil
}

func count(n int64) time.Time {
	if n < milliseconds {
		return time.Unix(n, 0)
	}
	return time.UnixMilli(n)
}
