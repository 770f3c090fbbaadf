package timeline

import "time"

// quickTime reads 2026-11-26T22:46:25.123456Z.
func (p *Parser) quickTime(b []byte) (t time.Time, precision time.Duration, ok bool) {
	const seconds = len("2026-11-26T22:46:25")
	if len(b) <= seconds || b[len(b)-1] != 'Z' || b[10] != 'T' {
		return time.Time{}, 0, false
	}
	if string(p.lastMinute[:]) != string(b[:seconds-2]) && !p.minute(b) {
		return time.Time{}, 0, false
	}
	second := two(b[seconds-2:])
	ns, ok := nanos(b[seconds : len(b)-1])
	if !ok || uint(second) > 59 {
		return time.Time{}, 0, false
	}
	return time.Unix(p.lastMinuteIs+int64(second), ns).UTC(), precisions[max(len(b)-1-seconds-1, 0)], true
}

// minute reads the beginning of a time up to its seconds, such as 2026-11-26T22:46:, and remembers
// it.
func (p *Parser) minute(b []byte) bool {
	d := date{}
	if !d.yearFirst(b) || d.year < firstYear || d.year > lastYear || d.day > daysIn(d.year, d.month) || b[4] != '-' {
		return false
	}
	hour, minute := two(b[11:]), two(b[14:])
	if uint(hour) > 23 || uint(minute) > 59 || b[13] != ':' || b[16] != ':' {
		return false
	}
	copy(p.lastMinute[:], b)
	p.lastMinuteIs = daysSince1970(d.year, d.month, d.day)*86400 + int64(hour*3600+minute*60)
	return true
}

// precisions contains the precision of a time for each number of decimals.
var precisions = func() (of [10]time.Duration) {
	for digits := range of {
		of[digits] = precisionOf(digits)
	}
	return of
}()

// nanos reads a fraction of a second with its point and up to nine digits. Without a fraction the
// result is 0.
func nanos(b []byte) (ns int64, ok bool) {
	if len(b) == 0 {
		return 0, true
	}
	if b[0] != '.' || len(b) == 1 || len(b) > 10 {
		return 0, false
	}
	for _, c := range b[1:] {
		if c-'0' > 9 {
			return 0, false
		}
		ns = ns*10 + int64(c-'0')
	}
	return ns * int64(units[len(b)-1]), true
}

// units contains the value of the last decimal of a second for each number of decimals.
var units = [...]time.Duration{1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 100, 10, 1}
