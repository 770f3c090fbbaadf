package timeline

import (
	"bytes"
	"slices"
)

// compose removes the prefix of docker compose logs, also with colours:
//
//	shop-1    | …
//
// Compose pads the names to one width, and adds a space. A name ends with the number of its
// container, unless the user has chosen the name. Tables of other programs look similar. So a name
// without a number must be in lower case and have two spaces behind it. The prefix of docker
// service logs is similar:
//
//	shop.1.0123456789ab@node    | …
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
		h.colour() // more colours belong to the message
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

// withoutNumber returns the service in the name of a container: shop for shop-1. Compose 1 wrote
// shop_1 instead.
func withoutNumber(name []byte) []byte {
	end := len(bytes.TrimRight(name, asciiDigits))
	if end < 2 || end == len(name) || name[end-1] != '-' && name[end-1] != '_' {
		return name
	}
	return name[:end-1]
}
