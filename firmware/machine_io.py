"""A microcontroller's pins by the names of its board file."""

PWM_HZ = 20000  # above hearing; the coil's inductance smooths it
FULL = 65535


class Pins:
    """digital: name -> pin number, + 100 for an input, + 200 for an output that is dimmed. analog: name -> pin."""

    def __init__(self, machine, digital, analog):
        self._out = {}
        self._in = {}
        self._dimmed = {}
        for name, number in digital:
            if number >= 200:
                self._dimmed[name] = machine.PWM(machine.Pin(number - 200), freq=PWM_HZ, duty_u16=0)
            elif number >= 100:
                self._in[name] = machine.Pin(number - 100, machine.Pin.IN)
            else:
                self._out[name] = machine.Pin(number, machine.Pin.OUT, value=0)
        self._analog = {name: machine.ADC(machine.Pin(number)) for name, number in analog}

    def level(self, name):
        """A digital input is high; one that this board lacks is low."""
        pin = self._in.get(name)
        return bool(pin.value()) if pin else False

    def raw(self, name):
        """An analog input, 0..65535."""
        return self._analog[name].read_u16()

    def drive(self, name, duty):
        """An output, 0..100 %; one that this board lacks is left out."""
        if name in self._dimmed:
            self._dimmed[name].duty_u16(FULL * duty // 100)
        elif name in self._out:
            self._out[name].value(1 if duty else 0)
