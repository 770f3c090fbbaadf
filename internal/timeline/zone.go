package timeline

// zone reads Z, +01:00, +0100, +01, UTC and GMT, with or without a space before the zone. The zone
// may be missing.
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

// namedZone reads the name of a zone with only one meaning. CST, IST and BST have several
// meanings.
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

// offsetAt reads +01:00 and +0100, and +01 if no space comes before the sign.
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

// zoneIs sets the zone, if no letter or digit follows at the index end.
func (d *date) zoneIs(text []byte, end, offset int) {
	if !isWord(at(text, end)) {
		d.zoned, d.offset, d.end = true, offset, end
	}
}
