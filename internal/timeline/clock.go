package timeline

// clockAlone reads a time without a date, such as 22:46:25.123. It rejects more than three pairs
// with colons, because six pairs are the address of a network card. It also rejects digits behind
// a point or a colon, because they are part of another value.
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

// kitchen reads 10:46PM and 9:46PM. This is the default format of times in zerolog's console.
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
	d.coarse = d.end > half // halfDay has read AM or PM
	return d.coarse
}

// clock reads 22:46:25 and 10:46:25 PM, also with a fraction.
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

// hoursOf sets the time of day from an hour, and from the minutes and seconds at two indexes of
// text.
func (d *date) hoursOf(hour int, text []byte, minutes, seconds int) bool {
	minute, second := two(text[minutes:]), two(text[seconds:])
	if uint(hour) > 23 || uint(minute) > 59 || uint(second) > 60 { // 60 is a leap second
		return false
	}
	d.seconds = hour*3600 + minute*60 + second
	d.end = seconds + 2
	return true
}

// fraction reads the digits behind a point or a comma, or three digits behind a colon.
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

// halfDay reads AM or PM, if one of them follows, and corrects the hour.
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
