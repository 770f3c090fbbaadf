package timeline

// pairs reads a line of key=value pairs.
func (q *quickLine) pairs() bool {
	q.loose = true
	q.last = &q.parser.firstPair
	if k, _ := q.expectedPair(0); k == nil && !isPairs(q.text) {
		return false
	}
	q.last = &q.parser.firstPair
	for i := 0; i < len(q.text); {
		k, value := q.expectedPair(i)
		if k == nil {
			key := keyEnd(q.text, i)
			if key == 0 {
				return false
			}
			k, value = q.parser.part(q.text[i:key]), key+1
			q.follow(k)
		}
		v, end := q.pair(k, value)
		if end == 0 || !q.take(k, v) {
			return false
		}
		i = q.space(end)
	}
	return true
}

// expectedPair returns the key at i and the index of its value, if the same key came next in an
// earlier line.
func (q *quickLine) expectedPair(i int) (k *quickKey, value int) {
	k = q.last.next
	if k == nil || k.key == "" {
		return nil, 0
	}
	text, name := q.text[i:], len(k.key)
	if len(text) <= name || text[name] != '=' || string(text[:name]) != k.key {
		return nil, 0
	}
	q.last = k
	return k, i + name + 1
}

// keyEnd returns the index of the = behind the key at i; 0: there is no key.
func keyEnd(text []byte, i int) int {
	start := i
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c == '=' && i > start:
			return i
		case c <= ' ' || c == '"' || c == '=' || c >= 0x7f:
			return 0
		}
	}
	return 0
}

// pair returns the value at i and its end; 0: Parse must read the value.
func (q *quickLine) pair(k *quickKey, i int) (v value, end int) {
	v = value{start: uint16(i), text: true, theirs: k.theirs}
	switch at(q.text, i) {
	case 0, ' ', '{', '[', '\\':
		return v, 0
	case '"':
		if end = valueEnd(q.text, i, mayEscape(k.part)); end == 0 || end < len(q.text) && q.text[end] != ' ' {
			return v, 0
		}
		v.start, v.end = v.start+1, uint16(end-1)
		return v, end
	}
	if end = wordEnd(q.text, i); end < len(q.text) && q.text[end] != ' ' {
		return v, 0
	}
	v.end = uint16(end)
	word := q.text[i:end]
	v.text = string(word) != "true" && string(word) != "false" && (digits[word[0]] > 9 && word[0] != '-' || numberEnd(word, 0) != len(word))
	if k.part == partOther {
		return v, 0
	}
	return v, end
}
