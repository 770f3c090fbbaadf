package main

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"example.com/clew/internal/when"
)

// choice holds the flags that find, follow and trace share: the range of time, and the limit of
// bytes.
type choice struct {
	Since    string `help:"Leave out what is older: 15m, 2h, 3d, 14:05, 2026-11-26, or a time in RFC 3339. Without it, the search begins shortly before the time in the trace ID, or 24h ago if there is no such time." placeholder:"WHEN"`
	Until    string `help:"Leave out what is newer." placeholder:"WHEN"`
	Within   string `help:"Search for a trace's events until this long after the trace began; 1h without the flag. The first 32 bits of the ID are the time at which the trace began. The search continues as long as there are hits." placeholder:"DURATION"`
	MaxBytes string `help:"Read at most this many bytes of the files: 100MB, 5GB; 0: no limit. If that is not enough, clew-audit says how to narrow the search." default:"1GB" placeholder:"BYTES"`
}

// span holds the values of the flags in a choice.
type span struct {
	since, until time.Time
	within       time.Duration
	maxBytes     int64 // negative: no limit
}

// span returns the values of the flags.
func (c *choice) span(now time.Time) (s span, err error) {
	if s.since, err = timeFlag("--since", c.Since, now); err != nil {
		return s, err
	}
	if s.until, err = timeFlag("--until", c.Until, now); err != nil {
		return s, err
	}
	if !s.since.IsZero() && !s.until.IsZero() && s.until.Before(s.since) {
		return s, usagef("--until is before --since")
	}
	if c.Within != "" {
		within, ok := when.Duration(c.Within)
		if !ok || within == 0 {
			return s, usagef("--within wants a duration such as 30m, 2h or 1d, not %q", clip(c.Within))
		}
		s.within = within
	}
	maxBytes, ok := byteCount(c.MaxBytes)
	if !ok {
		return s, usagef("--max-bytes wants a number of bytes such as 500MB or 2GB, not %q", clip(c.MaxBytes))
	}
	if s.maxBytes = maxBytes; maxBytes == 0 {
		s.maxBytes = -1
	}
	return s, nil
}

var byteForm = regexp.MustCompile(`(?i)^([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)(i?)b?$`)

// byteCount reads a number of bytes: 1000000, 500MB, 1.5GiB.
func byteCount(text string) (int64, bool) {
	m := byteForm.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil || m[3] != "" && m[2] == "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return 0, false
	}
	base := 1000.
	if m[3] != "" {
		base = 1024
	}
	n *= math.Pow(base, float64(strings.Index(" kmgt", strings.ToLower(m[2] + " ")[:1])))
	return int64(n), n < math.MaxInt64/2
}
