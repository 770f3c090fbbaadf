package timeline

// A date is a time as a line writes it. It may lack a zone, a year or a day.
type date struct {
	start, end       int
	year, month, day int // zero: not written
	seconds, ns      int // of the day
	digits           int // the number of digits of the fraction
	zoned            bool
	offset           int // in seconds
	level            byte
	coarse           bool // no seconds are written

	epoch stamp // the time, if a number of seconds is written
}

func (d *date) dated() bool { return d.month > 0 }

// readDate reads the time at i. If first is true, i is the beginning of the line.
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

// at returns the byte at i, or 0 outside of the text.
func at(text []byte, i int) byte {
	if i < 0 || i >= len(text) {
		return 0
	}
	return text[i]
}

// yearFirst reads 2026-11-26T22:46:25.123Z, also with slashes or dots in the date, and with a
// space for the T.
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

// letters reads a time that begins with a letter: with the day of the week, the name of a month,
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

// monthFirst reads three forms: Nov 26 22:46:25 of syslog, Nov 26 22:46:25 2026 of ctime, and Nov
// 26, 2026 10:46:25 PM of java.util.logging. The form of syslog has no year.
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

// yearBehind reads a year at the end, if no year was read before.
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

// plausible reports whether the month is from 1 to 12, and the day from 1 to 31.
func (d *date) plausible() bool { return d.month >= 1 && d.month <= 12 && d.day >= 1 && d.day <= 31 }

// months and weekdays contain the names of all months and weekdays, three letters each.
const (
	months   = "JanFebMarAprMayJunJulAugSepOctNovDec"
	weekdays = "MonTueWedThuFriSatSun"
)

// month returns the month with the name at the beginning of s; 0: there is none.
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

// two returns the value of the first two digits of s. It is negative if s does not begin with two
// digits.
func two(s []byte) int {
	if len(s) < 2 || s[0]-'0' > 9 || s[1]-'0' > 9 {
		return -1 << 20
	}
	return int(s[0]-'0')*10 + int(s[1]-'0')
}

// number returns the value of a few digits.
func number(digits []byte) (n int) {
	for _, c := range digits {
		n = n*10 + int(c-'0')
	}
	return n
}
