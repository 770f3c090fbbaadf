package line

import "time"

// instant returns the time that s represents, or the zero time if s is not a time. The time is in
// RFC 3339, with a fraction of any length, or a number of seconds, milliseconds, microseconds or
// nanoseconds since 1970. The size of the number shows its unit. Loggers of Java and Python write
// a space instead of the T, a comma before the fraction, and a zone without a colon. For
// logctx.Console, which writes only the time of the day, the result has the year 0.
func instant(s string) time.Time {
	if len(s) >= len("15:04:05") && s[2] == ':' {
		if c, behind, ok := clockOf(s); ok && behind == "" {
			return time.Date(0, 1, 1, c.hour, c.minute, c.second, c.ns, time.UTC)
		}
		return time.Time{}
	}
	if !hasDate(s) {
		return epoch(s)
	}
	year, month, day := two(s)*100+two(s[2:]), two(s[5:]), two(s[8:])
	if year < 0 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return time.Time{}
	}
	c, behind, ok := clockOf(s[len("2006-01-02T"):])
	if !ok {
		return time.Time{}
	}
	offset, ok := zone(behind)
	if !ok {
		return time.Time{}
	}
	return time.Date(year, time.Month(month), day, c.hour, c.minute, c.second-offset, c.ns, time.UTC)
}

// hasDate reports whether s begins like 2006-01-02T.
func hasDate(s string) bool {
	return len(s) >= len("2006-01-02T") && s[4] == '-' && s[7] == '-' && (s[10] == 'T' || s[10] == 't' || s[10] == ' ')
}

// clock is a time of the day.
type clock struct{ hour, minute, second, ns int }

// clockOf reads the clock at the beginning of s, such as 15:04:05.999, and returns the text after
// it.
func clockOf(s string) (c clock, behind string, ok bool) {
	if len(s) < len("15:04:05") || s[2] != ':' || s[5] != ':' {
		return c, "", false
	}
	c.hour, c.minute, c.second = two(s), two(s[3:]), two(s[6:])
	if uint(c.hour) > 23 || uint(c.minute) > 59 || uint(c.second) > 59 {
		return c, "", false
	}
	s = s[len("15:04:05"):]
	if s == "" || s[0] != '.' && s[0] != ',' {
		return c, s, true
	}
	i := 1
	for unit := 100_000_000; i < len(s) && s[i]-'0' <= 9; i++ {
		c.ns += int(s[i]-'0') * unit
		unit /= 10
	}
	return c, s[i:], i > 1
}

// zone returns the number of seconds by which a time zone is ahead of UTC.
func zone(s string) (offset int, ok bool) {
	if s == "Z" || s == "z" {
		return 0, true
	}
	if len(s) != len("+0100") && (len(s) != len("+01:00") || s[3] != ':') || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	hours, minutes := two(s[1:]), two(s[len(s)-2:])
	if uint(hours) > 23 || uint(minutes) > 59 {
		return 0, false
	}
	offset = (hours*60 + minutes) * 60
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// The function two returns the number in the first two bytes of s. The number is negative if these
// bytes are not digits.
func two(s string) int {
	tens, ones := s[0]-'0', s[1]-'0'
	if tens > 9 || ones > 9 {
		return -1 << 20
	}
	return int(tens)*10 + int(ones)
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month+1), 0, 0, 0, 0, 0, time.UTC).Day()
}

// epoch returns the time that is s seconds after 1970 began. A number that is too large for
// seconds is in a smaller unit.
func epoch(s string) time.Time {
	whole, ok := scaled(s, 0)
	if !ok {
		return time.Time{}
	}
	scale := 9
	// As seconds, a number below the first limit is a time before the year 5139.
	for limit := int64(1e11); scale > 0 && (whole >= limit || whole <= -limit); limit *= 1000 {
		scale -= 3
	}
	if ns, ok := scaled(s, scale); ok {
		return time.Unix(0, ns).UTC()
	}
	if scale == 9 { // too many nanoseconds
		return time.Unix(whole, 0).UTC()
	}
	return time.Time{}
}
