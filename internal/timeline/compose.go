package timeline

import (
	"bytes"
	"slices"
)

// compose takes off what docker compose logs writes, where it is coloured too:
//
//	shop-1    | …
//
// Compose pads the names to one width, and adds a space. A name ends in the number of its
// container, but for one that its user has chosen. Other people's tables look like that: a name
// without a number is in lower case, and has two spaces after it. What docker service logs writes
// is like it: shop.1.0123456789ab@node    | …
//
// https://github.com/docker/compose/blob/main/cmd/formatter/logs.go
func (u *unwrapper) compose() bool {
	h := lineHead{s: u.text}
	coloured := h.colours() > 0
	name := h.word()
	name, node, swarm := bytes.Cut(name, []byte("@"))
	spaces := h.spaces()
	if swarm && !isContainerName(node) || spaces == 0 || !h.byte('|') || !isContainerName(name) || !slices.ContainsFunc(name, isLetterByte) {
		return false
	}
	reset := h.colours() > 0
	if !h.byte(' ') && len(h.ahead()) > 0 {
		return false
	}
	if coloured && !reset {
		h.colour() // and no more: others are the message's
	}
	service := withoutNumber(name)
	if swarm {
		service, _, swarm = bytes.Cut(name, []byte("."))
		if !swarm {
			return false
		}
	}
	if chosen := len(service) == len(name); chosen && (spaces < 2 || isLevelName(name) || hasUpper(name)) {
		return false
	}
	u.from(service)
	u.instance(name)
	u.text = h.ahead()
	return true
}

// withoutNumber returns the name of the service that a container is one of: shop of shop-1, and of
// shop_1, as the first Compose has it.
func withoutNumber(name []byte) []byte {
	end := len(bytes.TrimRight(name, asciiDigits))
	if end < 2 || end == len(name) || name[end-1] != '-' && name[end-1] != '_' {
		return name
	}
	return name[:end-1]
}
