package timeline

import "time"

// shipperStamp is a time that a log shipper writes before a line: RFC 3339, with or without a
// zone.
type shipperStamp struct {
	year, month, day, hour, minute, second int
	nanosecond, digits                     int // digits is the number of digits of the fraction
	offset                                 int // of the zone, in seconds
	zone                                   stampZone
	length                                 int // of the text, in bytes
}

type stampZone uint8

const (
	zoneNone   stampZone = iota
	zoneZ                // a Z
	zoneOffset           // +00:00
)

// shipperStampOf reads the time at the beginning of s: 2026-11-26T22:46:25.343939123Z.
func shipperStampOf(s []byte) (t shipperStamp, ok bool) {
	const form = "0000-00-00T00:00:00"
	if len(s) < len(form) || s[4] != '-' || s[10] != 'T' { // most lines are done here
		return t, false
	}
	for i, c := range []byte(form) {
		if c == '0' && !isDigitByte(s[i]) || c != '0' && s[i] != c {
			return t, false
		}
	}
	t.year = digitPair(s)*100 + digitPair(s[2:])
	t.month, t.day = digitPair(s[5:]), digitPair(s[8:])
	t.hour, t.minute, t.second = digitPair(s[11:]), digitPair(s[14:]), digitPair(s[17:])
	t.length = len(form)
	t.fraction(s)
	return t, t.offsetOf(s) && t.isTime()
}

// fraction reads the fraction of a second, if there is one.
func (t *shipperStamp) fraction(s []byte) {
	i := t.length
	if i == len(s) || s[i] != '.' {
		return
	}
	unit := int(time.Second)
	for i++; i < len(s) && isDigitByte(s[i]) && unit > 1; i++ {
		unit /= 10
		t.nanosecond += int(s[i]-'0') * unit
		t.digits++
	}
	if t.digits > 0 {
		t.length = i
	}
}

// offsetOf reads the zone, if there is one. The result is false for an invalid zone.
func (t *shipperStamp) offsetOf(s []byte) bool {
	s = s[t.length:]
	switch {
	case len(s) == 0:
	case s[0] == 'Z':
		t.zone = zoneZ
		t.length++
	case s[0] == '+' || s[0] == '-':
		if len(s) < 6 || s[3] != ':' || !isDigitByte(s[1]) || !isDigitByte(s[2]) || !isDigitByte(s[4]) || !isDigitByte(s[5]) {
			return false
		}
		hours, minutes := digitPair(s[1:]), digitPair(s[4:])
		t.zone = zoneOffset
		t.offset = (hours*60 + minutes) * 60
		if s[0] == '-' {
			t.offset = -t.offset
		}
		t.length += 6
		return hours < 24 && minutes < 60
	}
	return true
}

// isTime reports whether such a time exists. It accepts leap seconds.
func (t *shipperStamp) isTime() bool {
	if t.month < 1 || t.month > 12 || t.day < 1 || t.hour > 23 || t.minute > 59 || t.second > 60 {
		return false
	}
	return t.day <= time.Date(t.year, time.Month(t.month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// time returns the time in UTC. The parameter local is the zone of a time that has none.
func (t *shipperStamp) time(local *time.Location) time.Time {
	in := time.UTC
	if t.zone == zoneNone {
		in = local
	}
	at := time.Date(t.year, time.Month(t.month), t.day, t.hour, t.minute, t.second, t.nanosecond, in)
	return at.Add(-time.Duration(t.offset) * time.Second).UTC()
}

// wholeTime returns the time in s. The result is false unless s is one time and nothing else.
func wholeTime(s []byte, local *time.Location) (at time.Time, ok bool) {
	t, ok := shipperStampOf(s)
	if !ok || t.length != len(s) {
		return time.Time{}, false
	}
	return t.time(local), true
}

// syslogTime returns the time at the beginning of s in the form of RFC 3164, and its length; 0:
// there is none. "Nov 26 22:46:25" has no year. It is read as the latest such time that is at most
// a day after the reference. The extra day allows for other zones, and for clocks that are ahead.
// journalctl -o short-precise adds a fraction.
func syslogTime(s []byte, reference time.Time) (at time.Time, length int) {
	const form = "Nov 26 22:46:25"
	if len(s) < len(form) || s[3] != ' ' || s[6] != ' ' || s[9] != ':' || s[12] != ':' {
		return at, 0
	}
	day := [...]byte{s[4], s[5]}
	if day[0] == ' ' {
		day[0] = '0'
	}
	for _, c := range [...]byte{day[0], day[1], s[7], s[8], s[10], s[11], s[13], s[14]} {
		if !isDigitByte(c) {
			return at, 0
		}
	}
	t := shipperStamp{month: month(s), day: digitPair(day[:]), length: len(form)}
	t.hour, t.minute, t.second = digitPair(s[7:]), digitPair(s[10:]), digitPair(s[13:])
	t.fraction(s)
	latest := reference.AddDate(0, 0, 1)
	// At least one of eight years has a 29th of February.
	for t.year = latest.Year(); t.year > latest.Year()-8; t.year-- {
		if !t.isTime() {
			continue
		}
		if at = t.time(reference.Location()); !at.After(latest) {
			return at, t.length
		}
	}
	return time.Time{}, 0
}

func isDigitByte(c byte) bool { return '0' <= c && c <= '9' }

func digitPair(s []byte) int { return int(s[0]-'0')*10 + int(s[1]-'0') }
