/** Sliders that make the network worse, and the simulator's own profiles as presets: the numbers mean the same in both. */
import { customProfile, type LinkProfile, PROFILES } from '../../netcode/link/profiles.ts';
import { fromMarkup, part, setText } from '../dom.ts';

interface Slider {
  field: 'baseRttMs' | 'jitterScaleMs' | 'lossRatio';
  label: string;
  most: number;
  step: number;
  /** Slider steps to the profile's unit. */
  perUnit: number;
  show: (value: number) => string;
}

const SLIDERS: readonly Slider[] = [
  {
    field: 'baseRttMs',
    label: 'latency',
    most: 500,
    step: 10,
    perUnit: 1,
    show: (v) => `+${v} ms`,
  },
  {
    field: 'jitterScaleMs',
    label: 'jitter',
    most: 100,
    step: 2,
    perUnit: 1,
    show: (v) => `+${v} ms`,
  },
  {
    field: 'lossRatio',
    label: 'loss',
    most: 40,
    step: 1,
    perUnit: 100,
    show: (v) => `${v} %`,
  },
];

/** A local network is what is there already: as a preset it would do nothing. */
const PRESETS = PROFILES.filter((profile) => profile.baseRttMs >= 1);

/** Builds the sliders; `onChange` gets a profile for each movement. */
export function createSliders(current: LinkProfile, onChange: (profile: LinkProfile) => void): HTMLElement {
  const element = fromMarkup(`<div class="sliders">
    <div class="presets" data-part="presets" role="group" aria-label="Network presets"></div></div>`);
  const presets = part(element, 'presets');
  const rows = SLIDERS.map((slider) => {
    const row = fromMarkup(`<label class="slider"><span>${slider.label}</span>
      <input type="range" min="0" max="${slider.most}" step="${slider.step}" data-part="range" data-field="${slider.field}" />
      <output data-part="value"></output></label>`);
    element.append(row);
    return {
      slider,
      range: part<HTMLInputElement>(row, 'range'),
      value: part(row, 'value'),
    };
  });
  const buttons: { profile: LinkProfile; button: HTMLButtonElement }[] = [];
  let profile = current;

  const showAll = () => {
    for (const { slider, range, value } of rows) {
      range.value = `${Math.round(profile[slider.field] * slider.perUnit)}`;
      setText(value, slider.show(Math.round(profile[slider.field] * slider.perUnit)));
    }
    for (const { profile: preset, button } of buttons) {
      button.setAttribute('aria-pressed', `${preset.id === profile.id}`);
    }
  };
  const choose = (next: LinkProfile) => {
    profile = next;
    showAll();
    onChange(next);
  };
  for (const preset of [customProfile({ id: 'none', title: 'as it is' }), ...PRESETS]) {
    const button = document.createElement('button');
    button.type = 'button';
    button.title = preset.title;
    button.textContent = preset.id === 'none' ? 'as it is' : preset.id;
    button.dataset['preset'] = preset.id;
    button.addEventListener('click', () => choose(preset));
    presets.append(button);
    buttons.push({ profile: preset, button });
  }
  for (const { slider, range } of rows) {
    range.addEventListener('input', () => {
      const value = Number(range.value) / slider.perUnit;
      const { baseRttMs, jitterScaleMs, lossRatio } = profile;
      choose(
        customProfile({
          baseRttMs,
          jitterScaleMs,
          lossRatio,
          [slider.field]: value,
        }),
      );
    });
    // Arrow keys walk; a slider that keeps the keyboard would take them.
    range.addEventListener('change', () => range.blur());
  }
  showAll();
  return element;
}
