package timeline

import (
	"bytes"
	"time"
)

// A calendar completes times that lack a zone, a year or a day.
type calendar struct {
	reference time.Time      // a time without a year or a day is near this time, or earlier
	zone      *time.Location // the zone of times that name none
}

// A time outside of these years is ignored. It is usually the zero value of a program, or does not
// fit into nanoseconds since 1970.
const (
	firstYear = 1970
	lastYear  = 2261
)

const (
	// yearSlack is how far a time without a year may be after the reference. Syslog's times are in
	// an unknown zone, so a time may seem to be up to a day after the reference. Without the
	// slack, it would be read as a time of the year before.
	yearSlack = 24 * time.Hour

	// daySlack is how far a time without a day may be after the reference. The reference may be
	// the time of a shipper, and the shipper may round it.
	daySlack = time.Minute
)

// clockSpan is the number of bytes at the beginning of a line in which find looks for a time
// without a day, or for a number of seconds.
const clockSpan = 256

// find returns the time in the text of a line. It prefers a time at the beginning of the line,
// then the first time with a date, then the first time without a date or the first number of
// seconds in brackets.
func (c calendar) find(text []byte) (stamp, bool) {
	var alone stamp // a time without a date
	begin := headStart(text)
	for i := begin; i < len(text); i++ {
		if !timeBegins[text[i]] || i > 0 && isWord(text[i-1]) {
			continue
		}
		d, ok := readDate(text, i, i == begin)
		switch {
		case !ok:
			i = runEnd(text, i) - 1
			continue
		case !d.dated() && i > begin && (i > clockSpan || alone.end > 0):
			i = d.end - 1
			continue
		}
		s, ok := c.stamp(d)
		switch {
		case !ok:
		case d.dated() || i == begin:
			return s, true
		default:
			alone = s
		}
		i = max(i, d.end-1)
	}
	return alone, alone.end > 0
}

// headStart returns the index of the first byte that is not a space, an opening bracket or a
// quotation mark.
func headStart(text []byte) int {
	for i, c := range text {
		if c != ' ' && c != '[' && c != '(' && c != '"' {
			return i
		}
	}
	return len(text)
}

// timeBegins is true for the bytes that may begin a time: digits, and the first letters of months,
// of days of the week, and of klog's levels.
var timeBegins = func() (b [256]bool) {
	for _, c := range []byte("0123456789JFMASONDTWIE") {
		b[c] = true
	}
	return b
}()

// runEnd returns the end of the word at i. The search for a time continues at that end, because no
// time begins within a word. If it continued at the next byte, it would read a long run of digits
// again from each digit.
func runEnd(text []byte, i int) int {
	start := i
	for i < len(text) && isWord(text[i]) {
		i++
	}
	return max(i, start+1)
}

// value returns the time that is the value of a field: a text that begins with a time, or a
// number.
func (c calendar) value(text []byte) (stamp, bool) {
	if s, ok := epoch(text); ok {
		return s, true
	}
	if len(text) == 0 {
		return stamp{}, false
	}
	d, ok := readDate(text, 0, false)
	if !ok {
		return stamp{}, false
	}
	return c.stamp(d)
}

// beginning returns the time at the beginning of a text, behind white space and opening brackets.
func (c calendar) beginning(text []byte) (stamp, bool) {
	text = bytes.TrimLeft(text, " \t[(")
	if len(text) == 0 || !timeBegins[text[0]] {
		return stamp{}, false
	}
	d, ok := readDate(text, 0, true)
	if !ok {
		return stamp{}, false
	}
	return c.stamp(d)
}

// stamp completes d to a time. The result is false if there is no such time.
func (c calendar) stamp(d date) (stamp, bool) {
	if d.epoch.end > 0 {
		return d.epoch, true
	}
	s := stamp{start: d.start, end: d.end, precision: precisionOf(d.digits), level: d.level}
	if d.coarse {
		s.precision = time.Minute
	}
	switch {
	case !d.dated():
		s.time = c.withoutDay(d)
	case d.year == 0:
		s.time = c.withoutYear(d)
	default:
		s.time = c.at(d, d.year)
	}
	return s, !s.time.IsZero()
}

// at returns d as a time in the given year; zero: the year has no such day.
func (c calendar) at(d date, year int) time.Time {
	if year < firstYear || year > lastYear || d.day > daysIn(year, d.month) {
		return time.Time{}
	}
	if d.zoned || c.zone == nil || c.zone == time.UTC {
		return time.Unix(daysSince1970(year, d.month, d.day)*86400+int64(d.seconds-d.offset), int64(d.ns)).UTC()
	}
	return time.Date(year, time.Month(d.month), d.day, 0, 0, d.seconds, d.ns, c.zone).UTC()
}

// withoutYear returns the newest time that fits d, at most yearSlack after the reference.
func (c calendar) withoutYear(d date) time.Time {
	latest := c.reference.Add(yearSlack)
	// The last February 29 may be eight years ago.
	for year := latest.Year(); year > latest.Year()-9; year-- {
		if t := c.at(d, year); !t.IsZero() && !t.After(latest) {
			return t
		}
	}
	return time.Time{}
}

// withoutDay returns the newest time that fits d, at most daySlack after the reference.
func (c calendar) withoutDay(d date) time.Time {
	latest := c.reference.Add(daySlack)
	there := latest.UTC()
	if d.zoned {
		there = latest.In(time.FixedZone("", d.offset))
	} else if c.zone != nil {
		there = latest.In(c.zone)
	}
	for back := range 2 {
		day := there.AddDate(0, 0, -back)
		d.year, d.month, d.day = day.Year(), int(day.Month()), day.Day()
		if t := c.at(d, d.year); !t.After(latest) {
			return t
		}
	}
	return time.Time{}
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysSince1970 returns the number of days from 1 January 1970 to a day. It computes with years
// that begin in March, so that a leap day is the last day of its year. It is several times as fast
// as time.Date.
func daysSince1970(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	return int64(365*year+year/4-year/100+year/400+(153*(month-3)+2)/5+day) - 719469
}
