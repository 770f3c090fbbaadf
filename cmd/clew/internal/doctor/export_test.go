package doctor

import "time"

// Brief returns the configuration with shorter waits for further lines and calls, and for a body.
func (c Config) Brief() Config {
	c.looks, c.bodyWait = 4, 50*time.Millisecond
	return c
}
