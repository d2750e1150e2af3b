// fake-gcs-server on a port of the loopback address, empty and in memory.
package main

import (
	"flag"
	"log"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

func main() {
	port := flag.Uint("port", 0, "the port")
	flag.Parse()
	options := fakestorage.Options{Scheme: "http", Host: "127.0.0.1", Port: uint16(*port)}
	if _, err := fakestorage.NewServerWithOptions(options); err != nil {
		log.Fatal(err)
	}
	select {}
}
