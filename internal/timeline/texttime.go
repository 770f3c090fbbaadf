package timeline

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// A calendar completes times that do not say all: those without a zone, a year or a day.
type calendar struct {
	reference time.Time      // times without a year or a day are about then, or before
	zone      *time.Location // of times that name none
}

// A stamp is a time that stands in a text.
type stamp struct {
	start, end int // where
	time       time.Time
	precision  time.Duration // as Entry has it
	level      byte          // that klog writes before it: I, W, E or F; else 0
}

// behind returns where the text goes on behind a time at its beginning; else 0.
func (s stamp) behind() int {
	if s.start > 2 {
		return 0
	}
	return s.end
}

// Times outside of these years are taken for none: they are the zero values of programs, and do
// not fit into nanoseconds since 1970.
const (
	firstYear = 1970
	lastYear  = 2261
)

const (
	// yearSlack is how far after the reference a time without a year may be: syslog's times are
	// those of a zone that is not known. A year back would be worse than a day too late.
	yearSlack = 24 * time.Hour

	// daySlack is how far after the reference a time without a day may be: a shipper's time may
	// be rounded.
	daySlack = time.Minute
)

// clockSpan is how far into a line a time without a day, or a number of seconds, is looked for.
const clockSpan = 256

// find returns the time that stands in the text of a line. One at the beginning rules; then the
// first with a date; then the first without one, or the first number of seconds in brackets.
func (c calendar) find(text []byte) (stamp, bool) {
	var alone stamp // without a date
	begin := 0
	for begin < len(text) && (text[begin] == ' ' || text[begin] == '[' || text[begin] == '(' || text[begin] == '"') {
		begin++
	}
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

// timeBegins are the bytes that a time may begin with: a digit, or a letter of a month, of a day
// of the week, or of klog's levels.
var timeBegins = func() (b [256]bool) {
	for _, c := range []byte("0123456789JFMASONDTWIE") {
		b[c] = true
	}
	return b
}()

// runEnd returns where the word ends that begins at i, so that no time is looked for in it: a run
// of digits would else be looked at again from each of them.
func runEnd(text []byte, i int) int {
	start := i
	for i < len(text) && isWord(text[i]) {
		i++
	}
	return max(i, start+1)
}

// value returns the time that the value of a field is: a text that begins with a time, or a
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

// A date is a time as it is written.
type date struct {
	start, end       int
	year, month, day int // zero: missing
	seconds, ns      int // of the day
	digits           int // of the fraction
	zoned            bool
	offset           int // in seconds
	level            byte
	coarse           bool // it has no seconds

	epoch stamp // of a number of seconds
}

func (d *date) dated() bool { return d.month > 0 }

// stamp returns the time that d is.
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

// at returns the time that d is in a year; zero: there is none such.
func (c calendar) at(d date, year int) time.Time {
	if year < firstYear || year > lastYear || d.day > daysIn(year, d.month) {
		return time.Time{}
	}
	if d.zoned || c.zone == nil || c.zone == time.UTC {
		return time.Unix(daysSince1970(year, d.month, d.day)*86400+int64(d.seconds-d.offset), int64(d.ns)).UTC()
	}
	return time.Date(year, time.Month(d.month), d.day, 0, 0, d.seconds, d.ns, c.zone).UTC()
}

// withoutYear returns the newest time that d may be and that is not after the reference.
func (c calendar) withoutYear(d date) time.Time {
	latest := c.reference.Add(yearSlack)
	for year := latest.Year(); year > latest.Year()-9; year-- { // February 29 may be eight years ago
		if t := c.at(d, year); !t.IsZero() && !t.After(latest) {
			return t
		}
	}
	return time.Time{}
}

// withoutDay returns the newest time that d may be and that is not after the reference.
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

func precisionOf(digits int) time.Duration {
	precision := time.Second
	for range digits {
		precision /= 10
	}
	if precision == 1 {
		return 0
	}
	return precision
}

// readDate reads the time that begins at i. First says that it is the beginning of the line.
func readDate(text []byte, i int, first bool) (date, bool) {
	d := date{start: i, end: i}
	if text[i]-'0' > 9 {
		return d, d.letters(text, first)
	}
	switch n := digitsEnd(text, i) - i; n {
	case 1, 2:
		if first && d.kitchen(text, n) {
			return d, true
		}
		if n == 2 && at(text, i+2) == ':' {
			return d, d.clockAlone(text)
		}
		return d, d.dayFirst(text, n)
	case 4:
		return d, d.yearFirst(text)
	case 8:
		return d, d.compact(text)
	case 10, 13, 16, 19:
		before := at(text, i-1)
		if first && before != '"' || before == '[' || before == '(' {
			return d, d.number(text)
		}
	}
	return d, false
}

// at returns the byte at i; 0: there is none.
func at(text []byte, i int) byte {
	if i < 0 || i >= len(text) {
		return 0
	}
	return text[i]
}

// yearFirst reads 2026-11-26T22:46:25.123Z, with slashes or dots, and with a space for the T.
func (d *date) yearFirst(text []byte) bool {
	s := text[d.end:]
	if len(s) < len("2026-11-26T22:46:25") || s[4] != '-' && s[4] != '/' && s[4] != '.' || s[7] != s[4] {
		return false
	}
	d.year, d.month, d.day = two(s)*100+two(s[2:]), two(s[5:]), two(s[8:])
	switch s[10] {
	case 'T', 't', ' ', '_', '-':
	default:
		return false
	}
	d.end += len("2026-11-26T")
	return d.year > 0 && d.plausible() && d.clock(text) && d.zone(text)
}

// compact reads 20261126T224625Z and 20261126 22:46:25.
func (d *date) compact(text []byte) bool {
	s := text[d.end:]
	if len(s) < len("20261126T224625") || s[8] != 'T' && s[8] != ' ' && s[8] != '-' {
		return false
	}
	d.year, d.month, d.day = two(s)*100+two(s[2:]), two(s[4:]), two(s[6:])
	d.end += len("20261126T")
	if !d.plausible() || d.year == 0 {
		return false
	}
	if at(text, d.end+2) == ':' {
		return d.clock(text) && d.zone(text)
	}
	if digitsEnd(text, d.end)-d.end != 6 {
		return false
	}
	return d.hours(text, d.end+2, d.end+4) && d.fraction(text) && d.zone(text)
}

// dayFirst reads 26/Nov/2026:22:46:25 +0000, 26 Nov 2026 22:46:25 GMT and 26-Nov-2026 22:46:25.
func (d *date) dayFirst(text []byte, n int) bool {
	s := text[d.end:]
	if len(s) < n+len("/Nov/2026:22:46:25") {
		return false
	}
	sep := s[n]
	d.day = number(s[:n])
	d.month = month(s[n+1:])
	if sep != '/' && sep != ' ' && sep != '-' || s[n+4] != sep || d.month == 0 {
		return false
	}
	d.year = two(s[n+5:])*100 + two(s[n+7:])
	if s[n+9] != ':' && s[n+9] != ' ' {
		return false
	}
	d.end += n + len("/Nov/2026:")
	return d.year > 0 && d.plausible() && d.clock(text) && d.zone(text)
}

// letters reads what begins with a letter: the day of the week before a date, the name of a month,
// or klog's level.
func (d *date) letters(text []byte, first bool) bool {
	if first && d.klog(text) {
		return true
	}
	if weekday(text[d.end:]) {
		d.end += 3
		if at(text, d.end) == ',' {
			d.end++
		}
		if at(text, d.end) != ' ' {
			return false
		}
		d.end++
		if n := digitsEnd(text, d.end) - d.end; n == 1 || n == 2 {
			return d.dayFirst(text, n)
		}
	}
	return d.monthFirst(text)
}

// monthFirst reads syslog's Nov 26 22:46:25, which has no year, Nov 26 22:46:25 2026 of ctime, and
// Nov 26, 2026 10:46:25 PM of java.util.logging.
func (d *date) monthFirst(text []byte) bool {
	if d.end+3 >= len(text) || text[d.end+3] != ' ' {
		return false
	}
	d.month = month(text[d.end:])
	d.end += len("Nov ")
	if at(text, d.end) == ' ' {
		d.end++
	}
	n := digitsEnd(text, d.end) - d.end
	if n != 1 && n != 2 {
		return false
	}
	d.day = number(text[d.end : d.end+n])
	d.end += n
	if at(text, d.end) == ',' {
		d.end++
	}
	if at(text, d.end) != ' ' || !d.plausible() {
		return false
	}
	d.end++
	d.yearBetween(text)
	return d.clock(text) && d.zone(text) && d.yearBehind(text)
}

// yearBetween reads a year between the day and the clock.
func (d *date) yearBetween(text []byte) {
	if digitsEnd(text, d.end)-d.end == 4 && at(text, d.end+4) == ' ' {
		d.year = number(text[d.end : d.end+4])
		d.end += len("2026 ")
	}
}

// yearBehind reads a year at the end, if there is none yet.
func (d *date) yearBehind(text []byte) bool {
	if d.year == 0 && at(text, d.end) == ' ' && digitsEnd(text, d.end+1)-d.end == len(" 2026") && !isWord(at(text, d.end+5)) {
		year := number(text[d.end+1 : d.end+5])
		if year >= firstYear && year <= lastYear {
			d.year = year
			d.end += len(" 2026")
		}
	}
	return true
}

// klog reads the head of klog and glog: I1126 22:46:25.123456.
func (d *date) klog(text []byte) bool {
	s := text[d.end:]
	if len(s) < len("I1126 22:46:25.123456") || digitsEnd(s, 1) != 5 || s[5] != ' ' {
		return false
	}
	switch s[0] {
	case 'I', 'W', 'E', 'F':
	default:
		return false
	}
	inner := date{start: d.start, end: d.end + len("I1126 "), month: two(s[1:]), day: two(s[3:]), level: s[0]}
	if !inner.plausible() || !inner.clock(text) {
		return false
	}
	*d = inner
	return true
}

// clockAlone reads 22:46:25.123. Six such pairs are the address of a network card, and what
// follows a point or a colon is a part of something else.
func (d *date) clockAlone(text []byte) bool {
	switch at(text, d.start-1) {
	case ':', '.', '-', '+', '/', ',', '%':
		return false
	}
	if !d.clock(text) || at(text, d.end) == ':' && at(text, d.end+1)-'0' <= 9 {
		return false
	}
	return d.zone(text)
}

// kitchen reads 10:46PM and 9:46PM, which zerolog's console writes unless it is told otherwise.
func (d *date) kitchen(text []byte, n int) bool {
	hour, minutes, half := number(text[d.end:d.end+n]), d.end+n+1, d.end+n+3
	if at(text, minutes-1) != ':' || hour < 1 || hour > 12 {
		return false
	}
	minute := two(text[minutes:])
	if minute < 0 || minute > 59 || at(text, half) != 'A' && at(text, half) != 'P' {
		return false
	}
	d.seconds, d.end = hour*3600+minute*60, half
	d.halfDay(text, hour)
	d.coarse = d.end > half // there was an M, and no word that goes on
	return d.coarse
}

// plausible tells whether month and day may be those of a date.
func (d *date) plausible() bool { return d.month >= 1 && d.month <= 12 && d.day >= 1 && d.day <= 31 }

// clock reads 22:46:25, 10:46:25 PM and what has a fraction.
func (d *date) clock(text []byte) bool {
	i := d.end
	if digitsEnd(text, i)-i == 1 && at(text, i+1) == ':' { // 9:46:25 PM
		i--
	}
	if i+8 > len(text) || text[i+2] != ':' || text[i+5] != ':' {
		return false
	}
	hour := two(text[i:])
	if i < d.end {
		hour = int(text[d.end] - '0')
	}
	d.end = i
	if !d.hoursOf(hour, text, i+3, i+6) || at(text, d.end)-'0' <= 9 || !d.fraction(text) {
		return false
	}
	d.halfDay(text, hour)
	return true
}

func (d *date) hours(text []byte, minutes, seconds int) bool {
	return d.hoursOf(two(text[d.end:]), text, minutes, seconds)
}

// hoursOf takes an hour, and the minutes and seconds that stand at two places.
func (d *date) hoursOf(hour int, text []byte, minutes, seconds int) bool {
	minute, second := two(text[minutes:]), two(text[seconds:])
	if uint(hour) > 23 || uint(minute) > 59 || uint(second) > 60 { // 60: a leap second
		return false
	}
	d.seconds = hour*3600 + minute*60 + second
	d.end = seconds + 2
	return true
}

// fraction reads the digits behind a point, a comma or, if there are three, a colon.
func (d *date) fraction(text []byte) bool {
	n := digitsEnd(text, d.end+1) - d.end - 1
	switch at(text, d.end) {
	case '.', ',':
	case ':':
		if n != 3 {
			return true
		}
	default:
		return true
	}
	if n <= 0 {
		return true
	}
	unit := 100_000_000
	for _, c := range text[d.end+1 : d.end+1+n] {
		d.ns += int(c-'0') * unit
		unit /= 10
	}
	d.digits = min(n, 9)
	d.end += 1 + n
	return true
}

// halfDay reads AM or PM.
func (d *date) halfDay(text []byte, hour int) {
	i := d.end
	if at(text, i) == ' ' {
		i++
	}
	half := at(text, i) | ' '
	if half != 'a' && half != 'p' || at(text, i+1)|' ' != 'm' || isWord(at(text, i+2)) || hour < 1 || hour > 12 {
		return
	}
	d.end = i + 2
	d.seconds -= hour / 12 * 12 * 3600
	if half == 'p' {
		d.seconds += 12 * 3600
	}
}

// zone reads Z, +01:00, +0100, +01, UTC and GMT, perhaps behind a space. There may be none.
func (d *date) zone(text []byte) bool {
	i := d.end
	spaced := at(text, i) == ' '
	if spaced {
		i++
	}
	switch at(text, i) {
	case 'Z', 'z':
		d.zoneIs(text, i+1, 0)
	case 'U', 'G':
		if i+3 <= len(text) && (string(text[i:i+3]) == "UTC" || string(text[i:i+3]) == "GMT") {
			d.zoneIs(text, i+3, 0)
		}
	case '+', '-':
		d.offsetAt(text, i, spaced)
	case 'C', 'E', 'J', 'M', 'P', 'W':
		d.namedZone(text, i)
	}
	return true
}

// namedZone reads the name of a zone that means one thing to everybody: CST, IST and BST do not.
func (d *date) namedZone(text []byte, i int) {
	end := i
	for end < len(text) && end-i < 5 && text[end]-'A' < 26 {
		end++
	}
	hours := 0
	switch string(text[i:end]) {
	case "WET":
	case "CET", "WEST":
		hours = 1
	case "CEST", "EET":
		hours = 2
	case "EEST", "MSK":
		hours = 3
	case "JST":
		hours = 9
	case "EDT":
		hours = -4
	case "EST":
		hours = -5
	case "MDT":
		hours = -6
	case "MST", "PDT":
		hours = -7
	case "PST":
		hours = -8
	default:
		return
	}
	d.zoneIs(text, end, hours*3600)
}

// offsetAt reads +01:00, +0100 and, if no space stands before it, +01.
func (d *date) offsetAt(text []byte, i int, spaced bool) {
	n := digitsEnd(text, i+1) - i - 1
	minutes, end := 0, i+3
	switch {
	case n == 4:
		minutes, end = two(text[i+3:]), i+5
	case n == 2 && at(text, i+3) == ':' && digitsEnd(text, i+4) == i+6:
		minutes, end = two(text[i+4:]), i+6
	case n != 2 || spaced:
		return
	}
	offset := two(text[i+1:])*3600 + minutes*60
	if offset > 24*3600 || minutes > 59 {
		return
	}
	if text[i] == '-' {
		offset = -offset
	}
	d.zoneIs(text, end, offset)
}

// zoneIs takes a zone that ends where no word goes on.
func (d *date) zoneIs(text []byte, end, offset int) {
	if !isWord(at(text, end)) {
		d.zoned, d.offset, d.end = true, offset, end
	}
}

// number reads a number of seconds, milliseconds, microseconds or nanoseconds since 1970, of which
// the first may have a fraction. It has as many digits as such a number has since 2001.
func (d *date) number(text []byte) bool {
	end := digitsEnd(text, d.end)
	if text[d.end] == '0' {
		return false
	}
	if end-d.end == 10 && at(text, end) == '.' {
		end = max(end, digitsEnd(text, end+1))
	}
	if isWord(at(text, end)) {
		return false
	}
	s, ok := epoch(bytes.TrimSuffix(text[d.end:end], []byte(".")))
	s.start, s.end = d.start, end
	d.end, d.epoch = end, s
	return ok
}

// epoch returns the time that a number is, told by its size: of seconds until the year 5138.
func epoch(text []byte) (stamp, bool) {
	whole := digitsEnd(text, 0)
	if whole == 0 || whole > 19 {
		return stamp{}, false
	}
	end := whole
	if at(text, whole) == '.' {
		end = digitsEnd(text, whole+1)
	}
	if end < len(text) {
		return exponent(text)
	}
	n, err := strconv.ParseInt(string(text[:whole]), 10, 64)
	if err != nil {
		return stamp{}, false
	}
	unit, digits := int64(time.Second), 0 // of the number, and of the fraction of a second that it has
	for limit := int64(1e11); unit > 1 && n >= limit; limit *= 1000 {
		unit /= 1000
		digits += 3
	}
	ns := int64(0)
	if end > whole {
		part := unit
		for _, c := range text[whole+1 : end] {
			part /= 10
			ns += int64(c-'0') * part
		}
		digits = min(digits+end-whole-1, 9)
	}
	perSecond := int64(time.Second) / unit
	t := time.Unix(n/perSecond, n%perSecond*unit+ns).UTC()
	if t.Year() > lastYear {
		return stamp{}, false
	}
	return stamp{end: end, time: t, precision: precisionOf(digits)}, true
}

// exponent is epoch for 1.795733185343e9, which is exact to microseconds.
func exponent(text []byte) (stamp, bool) {
	if len(text) > 40 || !bytes.ContainsAny(text, "eE") {
		return stamp{}, false
	}
	n, err := strconv.ParseFloat(string(text), 64)
	if err != nil || n < 0 || n > math.MaxInt64 {
		return stamp{}, false
	}
	for limit := 1e11; n >= limit; {
		n /= 1000
	}
	whole, part := math.Modf(n)
	return stamp{end: len(text), time: time.Unix(int64(whole), int64(math.Round(part*1e6))*1000).UTC(), precision: time.Microsecond}, true
}

// months and weekdays are their names, three letters each.
const (
	months   = "JanFebMarAprMayJunJulAugSepOctNovDec"
	weekdays = "MonTueWedThuFriSatSun"
)

// month returns the month whose name s begins with; 0: it is none.
func month(s []byte) int { return nameIn(months, s) }

func weekday(s []byte) bool { return nameIn(weekdays, s) > 0 }

func nameIn(names string, s []byte) int {
	for i := 0; i < len(names) && len(s) >= 3; i += 3 {
		if names[i] == s[0] && names[i+1] == s[1] && names[i+2] == s[2] {
			return i/3 + 1
		}
	}
	return 0
}

// two returns the number that the first two digits of s are; a negative one where they are none.
func two(s []byte) int {
	if len(s) < 2 || s[0]-'0' > 9 || s[1]-'0' > 9 {
		return -1 << 20
	}
	return int(s[0]-'0')*10 + int(s[1]-'0')
}

// number returns the number that a few digits are.
func number(digits []byte) (n int) {
	for _, c := range digits {
		n = n*10 + int(c-'0')
	}
	return n
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

// daysSince1970 counts days, with years that begin in March: the day that some years have more is
// then their last one. time.Date takes several times as long.
func daysSince1970(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	return int64(365*year+year/4-year/100+year/400+(153*(month-3)+2)/5+day) - 719469
}

// beginning returns the time that a text begins with, behind white space.
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
